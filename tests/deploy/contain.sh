#!/usr/bin/env bash
# Usage: unshare --mount --pid --fork --net … contain.sh ROOT UID:GID COMMAND…
# Becomes the command in the folder ROOT as a hardened container would run it: read-only, without capabilities, with a
# loopback interface and nothing else.
set -euo pipefail
root=$1 user=$2
shift 2

ip link set lo up
mount --make-rprivate /
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount -o remount,ro,bind "$root"
cd "$root"
pivot_root . .
umount --lazy .
exec setpriv --reuid "${user%:*}" --regid "${user#*:}" --clear-groups --bounding-set=-all --inh-caps=-all \
  --no-new-privs "$@"
