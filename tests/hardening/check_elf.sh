#!/usr/bin/env bash
# Usage: check_elf.sh BINARY
# The binary that ships is hardened: position-independent, its relocations read-only after start, its stack guarded and
# not executable, its libc calls checked, and without a path of the machine that built it.
set -euo pipefail
binary=$1
status=0
expect() { # WHAT COMMAND…
  local what=$1
  shift
  if "$@" > /dev/null; then echo "ok: $what"; else
    echo "MISSING: $what"
    status=1
  fi
}
# shellcheck disable=SC2317  # called by expect
has() { readelf -W "$1" "$binary" | grep -E "$2"; }
# shellcheck disable=SC2317
lacks() { ! has "$1" "$2"; }

expect "position-independent executable" has -h 'Type: +DYN'
expect "read-only relocations" has -l 'GNU_RELRO'
expect "all symbols bound at start" has -d 'FLAGS.*(BIND_)?NOW'
expect "stack protector" has -s '__stack_chk_fail'
expect "fortified libc calls" has -s '__[a-z]+_chk@'
expect "stack not executable" has -l 'GNU_STACK.* RW '
expect "no segment both writable and executable" lacks -l ' RWE '
expect "no library search path" lacks -d 'R(UN)?PATH'
exit $status
