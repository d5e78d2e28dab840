#!/usr/bin/env bash
# Usage: unshare --mount --pid --fork --kill-child --mount-proc [--net] engine.sh FOLDER CGROUP [host]
# Becomes a Docker engine whose files are in FOLDER. Mounts, processes and (but for `host`, which has the machine's network
# and gives its containers none) interfaces and firewall rules are those of namespaces that end with it.
set -euo pipefail
folder=$1 cgroup=$2 network=${3:-own}
mount --make-rprivate /
options=()
if [[ $network == host ]]; then
  options=(--bridge=none --iptables=false --ip6tables=false --ip-forward=false)
else
  ip link set lo up
fi
exec dockerd --data-root "$folder/data" --exec-root "$folder/exec" --pidfile "$folder/pid" --host "unix://$folder/socket" \
  --cgroup-parent "$cgroup" "${options[@]}"
