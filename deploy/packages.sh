# shellcheck shell=bash
# Sourced by the scripts that build: installs what is missing on a Debian 12, as root or with sudo.
# shellcheck source=deploy/progress.sh
source "$(dirname "${BASH_SOURCE[0]}")/progress.sh"

# install_packages LIST… : installs the packages named in the files, one a line, unless all of them are there. A line
# "PACKAGE COMMAND" is met as well by that command, wherever it came from.
install_packages() {
  local package command
  local -a missing=()
  while read -r package command; do
    [[ -z $package || $package == \#* ]] && continue
    [[ -n $command ]] && command -v "$command" > /dev/null && continue
    dpkg-query --show --showformat='${db:Status-Status}\n' "$package" 2> /dev/null | grep -qx installed ||
      missing+=("$package")
  done < <(cat "$@")
  ((${#missing[@]})) || return 0
  command -v apt-get > /dev/null || {
    echo "this is not Debian; install what these packages of Debian 12 contain: ${missing[*]}" >&2
    return 1
  }

  local -a as_root=()
  if ((EUID != 0)); then
    command -v sudo > /dev/null || {
      echo "these packages are missing and neither root nor sudo can install them: ${missing[*]}" >&2
      return 1
    }
    as_root=(sudo)
  fi
  echo "installing ${#missing[@]} packages: ${missing[*]}" >&2
  "${as_root[@]}" apt-get -qq update
  # sudo closes other descriptors than the three, so descriptor 3 is opened behind it. It cannot be 1: apt closes the one with its
  # status for dpkg, whose scripts then fail when they print.
  # shellcheck disable=SC2016
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive sh -c 'exec 3>&1 > /dev/null; exec apt-get "$@"' apt-get -qq -y \
    --no-install-recommends -o APT::Status-Fd=3 -o Dpkg::Use-Pty=0 install "${missing[@]}" |
    apt_percent | show_progress "installing"

  # The tests use servers as programs; the services that were just installed with them are not wanted.
  if [[ -d /run/systemd/system ]]; then
    local -A services=([prometheus]=prometheus [prometheus-alertmanager]=prometheus-alertmanager [etcd-server]=etcd
      [victoria-metrics]=victoria-metrics [docker.io]="docker.socket docker")
    for package in "${missing[@]}"; do
      # shellcheck disable=SC2086
      [[ -z ${services[$package]:-} ]] ||
        "${as_root[@]}" systemctl --quiet disable --now ${services[$package]} 2> /dev/null || true
    done
  fi
}
