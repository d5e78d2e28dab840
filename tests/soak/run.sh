#!/usr/bin/env bash
# Usage: tests/soak/run.sh MINUTES [SEED]
# Plays chaos with the release build for so many minutes; README.md says what that is. Without a seed a random one, which is printed.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
(($# >= 1 && $# <= 2)) || { sed -n '2,3s/^# //p' "${BASH_SOURCE[0]}" >&2; exit 2; }
export EXPORTER=${EXPORTER:-$root/build/release/buntime-exporter} SIMULATOR=${SIMULATOR:-$root/build/release/buntime-simulator}
export PYTHONPATH=$root/tests/e2e:$root/tests/security
[[ -x $EXPORTER && -x $SIMULATOR ]] || { echo "build first: cmake --preset release && cmake --build --preset release" >&2; exit 1; }
exec python3 -B -W error "$here/soak.py" "$@"
