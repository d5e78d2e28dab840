#!/usr/bin/env bash
# Usage: deploy/run.sh [flags of buntime-exporter…]
# Installs what is missing, builds, and runs the exporter. Without a URL or a configuration file it starts a simulated runtime of
# its own and exports that one, so that http://localhost:10077/ shows something alive.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=deploy/packages.sh
source "$root/deploy/packages.sh"

install_packages "$root/deploy/packages.txt"
cd "$root"
# The build's own output matters only when it fails.
log=$(mktemp)
trap 'rm -f "$log"' EXIT
echo "building (a first time takes a few minutes)" >&2
{ cmake --preset release && cmake --build --preset release --target buntime-exporter buntime-simulator; } > "$log" 2>&1 || {
  cat "$log" >&2
  exit 1
}
rm -f "$log"
trap - EXIT

needs_runtime=yes
[[ -n ${BUNTIME_EXPORTER_RUNTIME_URL:-}${BUNTIME_EXPORTER_CONFIG_FILE:-} ]] && needs_runtime=no
for flag in "$@"; do
  case $flag in
    --runtime.url | --runtime.url=* | --config.file | --config.file=* | -h | --help | --version | --metrics.list*) needs_runtime=no ;;
  esac
done
[[ $needs_runtime == no ]] && exec build/release/buntime-exporter "$@"

work=$(mktemp -d)
exporter=
finish() {
  [[ -n $exporter ]] && kill -TERM "$exporter" 2> /dev/null
  [[ -n ${simulator:-} ]] && kill -TERM "$simulator" 2> /dev/null
  wait
  rm -rf "$work"
}
trap finish EXIT
trap 'exit 0' INT TERM

mkfifo "$work/out"
# Like the real release, it wants a key.
(umask 077 && head -c 24 /dev/urandom | base64 > "$work/key")
build/release/buntime-simulator --release 0.5.4 --version-suffix +simulated --pool-size 20 --api-key-file "$work/key" > "$work/out" &
simulator=$!
read -r line < "$work/out"
url=${line#listening on }
echo "no --runtime.url given: exporting a simulated runtime at $url" >&2
build/release/buntime-exporter --runtime.url "$url" --runtime.api-key-file "$work/key" --runtime.pool-size 20 "$@" &
exporter=$!
wait "$exporter"
