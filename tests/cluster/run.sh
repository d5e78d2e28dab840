#!/usr/bin/env bash
# Usage: tests/cluster/run.sh [TEST…]
# The tests of this folder. Root on Debian 12; skipped where the mirror has no sources to build the API server from.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
root=$(cd ../.. && pwd)
# shellcheck source=tests/support/stage.sh
source "$root/tests/support/stage.sh"
# shellcheck source=deploy/packages.sh
source "$root/deploy/packages.sh"
install_packages packages.txt
stage_open cluster

status=0
stage_run ./apiserver.sh > "$TMPDIR/apiserver" || status=$?
if ((status == 3)); then
  echo "skipped: $(< "$TMPDIR/apiserver")"
  exit 0
fi
((status == 0)) || exit "$status"
KUBE_APISERVER=$(< "$TMPDIR/apiserver")
export KUBE_APISERVER PYTHONPATH=$root/tests/e2e
tests=("$@")
((${#tests[@]})) || tests=(apply_test)
stage_run setpriv --pdeathsig KILL python3 -B -W error -m unittest --verbose "${tests[@]}"
