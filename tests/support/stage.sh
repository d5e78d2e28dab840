# shellcheck shell=bash
# Sourced by the stages that start servers as root. However a stage ends, its processes end with it, and nothing of it stays.

# Why this machine cannot run such a stage; nothing: it may try.
not_a_root_on_debian() {
  local id="" version=""
  # shellcheck source=/dev/null
  [[ -r /etc/os-release ]] && { id=$(. /etc/os-release && echo "$ID"); version=$(. /etc/os-release && echo "$VERSION_ID"); }
  if ((EUID != 0)); then
    echo "only root may"
  elif [[ $id/$version != debian/12 ]]; then
    echo "only on Debian 12, whose packages they take"
  fi
}

stage_folder=''

# stage_open NAME : from here on TMPDIR is a folder of the stage. STAGE, the folder's name, is also the name of the control
# group that an engine may use. Both are removed at the end.
stage_open() {
  stage_folder=$(mktemp --directory --tmpdir "buntime-$1-XXXXXXXX")
  export TMPDIR=$stage_folder STAGE=${stage_folder##*/}
  trap stage_close EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
}

# stage_start COMMAND… : starts a child, $!, in a process group that ends with this script.
stage_start() { setsid "$@" & }

# stage_run COMMAND… : the same, and waits for it.
stage_run() {
  stage_start "$@"
  wait "$!"
}

stage_close() {
  local process end=$((SECONDS + 20))
  for process in $(jobs -pr); do
    kill -KILL "$process" -- "-$process" || true
    wait "$process" || true
  done 2> /dev/null
  # Children of a killed process end a moment later.
  until stage_remove 2> /dev/null; do
    ((SECONDS < end)) || { stage_remove; echo "the stage leaves something behind" >&2; exit 1; }
    sleep 0.1
  done
}

stage_remove() {
  local group
  for group in /sys/fs/cgroup/"$STAGE" /sys/fs/cgroup/*/"$STAGE"; do
    [[ ! -d $group ]] || find "$group" -depth -type d -exec rmdir {} +
    [[ ! -d $group ]] || return 1
  done
  rm -rf "$stage_folder"
}
