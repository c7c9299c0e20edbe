# shellcheck shell=bash
# The Python stack that `nety bench --backends installed` measures, in an environment of its own: for
# machines that have none. The versions are the ones NETY's reports were made with. Needs messages.sh.

python_stack=$cache/python-stack
python_stack_packages=(torch==2.11.0 transformers==5.23.0 accelerate==1.15.0 bitsandbytes==0.50.2
  safetensors numpy psutil)
# torch from the package index always brings its CUDA libraries, which import needs even on a CPU.
python_stack_download_bytes=2810000000
python_stack_disk_kb=8000000  # with the wheels, while they are unpacked

python_stack_missing() { [ ! -x "$python_stack/bin/python" ]; }

# A Python that can make environments; Debian's needs the package python3-venv for it.
python_can_make_environments() { python3 -c 'import ensurepip, venv' 2>/dev/null; }

install_python_stack() {
  local free_kb
  free_kb=$(df -Pk "$cache" | awk 'NR == 2 { print $4 }')
  [ "$free_kb" -gt "$python_stack_disk_kb" ] ||
    fail "$kUnfit" "$cache has $(megabytes $((free_kb * 1024))) free; the Python stack needs $(megabytes $((python_stack_disk_kb * 1024)))." \
      "Free some space, or set XDG_CACHE_HOME to a folder on a bigger disk."
  say "installing the Python stack into $python_stack: ${python_stack_packages[*]}"
  local new=$staging/python-stack
  mkdir -p "$staging/pip"
  (
    python3 -m venv "$new" && TMPDIR=$staging/pip exec "$new/bin/python" -m pip install --quiet --no-input \
      --no-cache-dir --disable-pip-version-check "${python_stack_packages[@]}"
  ) >>"$log" 2>&1 &
  download=$!
  if [ -t 2 ]; then show_download "$download" "Python stack" "$python_stack_download_bytes"; fi
  if ! wait "$download"; then
    last_lines "$log" 5
    fail "$kFailed" "pip could not install the Python stack." "Check the network. Log: $log"
  fi
  download=
  # Its scripts name their interpreter by path; everything else survives the move.
  grep -rlIF "$new" "$new/bin" "$new/pyvenv.cfg" | xargs sed -i "s#$new#$python_stack#g"
  publish "$new" "$python_stack"
}
