# shellcheck shell=bash
# Debian packages: which are missing, how big they are, and how to install them. Needs messages.sh.

# packages_of GROUP...: the names in these groups of packages.txt, one a line.
packages_of() {
  local group package _ wanted=" $* "
  while read -r group package _; do
    case $wanted in *" $group "*) echo "$package" ;; esac
  done <"$ci/packages.txt" | sort -u
}

# missing_packages NAME...: those that are not installed, one a line.
missing_packages() {
  command -v dpkg-query >/dev/null ||
    fail "$kUnfit" "this is not a Debian-like machine (dpkg-query is missing), so set-up cannot help." \
      "Install the equivalents of these by hand, then build with CMake as docs/setup.md says: $*"
  local status name installed=' '
  while read -r status name; do
    [ "$status" != installed ] || installed+="$name "
    # Packages that it has never heard of make dpkg-query fail; they are simply not in its answer.
  done < <(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null || true)
  for name in "$@"; do
    case $installed in *" $name "*) ;; *) echo "$name" ;; esac
  done
}

# apt_download_bytes NAME...: what these and what they need add up to; false if apt does not know them.
apt_download_bytes() {
  local uris
  uris=$(LC_ALL=C apt-get install -qq --no-install-recommends --print-uris "$@" 2>/dev/null) || return 1
  awk '{ bytes += $3 } END { printf "%d\n", bytes }' <<<"$uris"
}

# The command that a person would type to install packages.
install_command() { echo "apt-get install --no-install-recommends $*"; }

# Stops unless this user may install packages; needed before anything is promised.
require_administrator() {
  [ "$(id -u)" != 0 ] || return 0
  if ! command -v sudo >/dev/null; then
    fail "$kUnfit" "missing Debian packages, and neither root nor sudo to install them: $*" \
      "Ask an administrator to run: $(install_command "$@")"
  fi
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif on_terminal; then
    sudo "$@"
  else
    sudo -n "$@"
  fi
}

# Asks for the password once and early; where sudo refuses, says what to do instead.
become_root() {
  [ "$(id -u)" != 0 ] || return 0
  as_root true 2>>"$log" ||
    fail "$kUnfit" "missing Debian packages, and sudo does not let this user install them: $*" \
      "Ask an administrator to run: $(install_command "$@")"
}

update_package_lists() {
  say "fetching the package lists (apt-get update)"
  as_root apt-get update -qq >>"$log" 2>&1 || {
    last_lines "$log" 5
    fail "$kFailed" "apt-get update failed." "Check the network and /etc/apt/sources.list."
  }
}

# Reads what apt says with APT::Status-Fd: how far downloading and installing are, on a terminal; the rest
# goes into the log.
show_install() {
  local line percent bytes=${packages_bytes:-0}
  while IFS= read -r line; do
    percent=${line#*:*:}
    percent=${percent%%[.:]*}
    case $line in
      dlstatus:*) draw "  packages: $(megabytes "$((bytes * percent / 100))") of $(megabytes "$bytes")" ;;
      pmstatus:*) draw "  packages: installing, $percent %" ;;
      *) printf '%s\n' "$line" >>"$log" ;;
    esac
  done
  erase
}

try_install() {
  # Another apt may be at work, as after the first start of a machine: wait for it.
  local command=(env DEBIAN_FRONTEND=noninteractive
    apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=300)
  if [ -t 2 ]; then
    as_root "${command[@]}" -o APT::Status-Fd=1 "$@" 2>>"$log" | show_install
  else
    as_root "${command[@]}" "$@" >>"$log" 2>&1
  fi
}

# install_packages NAME...: once more with fresh lists if the first try fails, since old lists name
# versions that the servers have dropped.
install_packages() {
  try_install "$@" && return
  update_package_lists
  try_install "$@" || {
    last_lines "$log" 8
    fail "$kFailed" "apt-get could not install: $*" "The whole log: $log"
  }
}
