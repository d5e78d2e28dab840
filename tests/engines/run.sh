#!/usr/bin/env bash
# Usage: tests/engines/run.sh [MODULE…]
# The tests of this folder, with the programs of build/release. Root on Debian 12; what the machine cannot do is skipped.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
root=$(cd ../.. && pwd)
# shellcheck source=tests/support/stage.sh
source "$root/tests/support/stage.sh"
# shellcheck source=deploy/packages.sh
source "$root/deploy/packages.sh"
install_packages packages.txt "$root/deploy/release-packages.txt"
stage_open engines

export EXPORTER=$root/build/release/buntime-exporter SIMULATOR=$root/build/release/buntime-simulator
tests=(setpriv --pdeathsig KILL)
# With namespaces of their own the kernel ends all processes and mounts with the tests. Tests that need no more than a server
# run without, too.
if unshare --mount --pid --fork --mount-proc true 2> /dev/null; then
  tests+=(unshare --mount --pid --fork --kill-child --mount-proc)
fi
tests+=(python3 -B -W error -m unittest --verbose)
if (($#)); then
  stage_run "${tests[@]}" "$@"
  exit
fi

# Its servers wait for the clock while the images are built.
stage_start "${tests[@]}" newer_test > "$TMPDIR/newer" 2>&1
newer=$! status=0
stage_run "${tests[@]}" run_test stack_test || status=$?
wait "$newer" || status=$?
cat "$TMPDIR/newer"
exit "$status"
