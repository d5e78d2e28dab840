#!/usr/bin/env bash
# Usage: unshare --mount --pid --fork … boot.sh ROOT
# Becomes systemd, process 1 of a small machine whose root file system is the folder ROOT. It has a network of its own
# and sees of the host's kernel only what a container would.
set -euo pipefail
root=$1

mount --make-rprivate /
mount --bind "$root" "$root"
cd "$root"
mount -t proc proc proc
mount --bind proc/sys proc/sys
mount -o remount,ro,bind proc/sys # or systemd would set the host's kernel parameters
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
mount -t tmpfs -o mode=755 tmpfs dev
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
for device in null zero full random urandom tty; do
  touch "dev/$device"
  mount --bind "/dev/$device" "dev/$device"
done
# Not chroot: within one, the kernel refuses the user namespaces that units ask for.
pivot_root . .
umount --lazy .
mount --make-rshared / # a unit's credentials are mounted in a namespace of their own, and have to come out of it
exec env -i container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --log-target=journal
