#!/usr/bin/env bash
# Usage: deploy/run.sh [FLAG…]
#
# Installs what is missing (Debian 12, as root or with sudo), builds the exporter, and runs it with these flags until Ctrl-C.
# Without --runtime.url or --config.file it also starts a simulated runtime and exports that one.
#
#   deploy/run.sh
#   deploy/run.sh --runtime.url http://localhost:8000
#
# The page is then at http://localhost:10077/, the metrics at http://localhost:10077/metrics.
# exporter/docs/configuration.md lists all flags.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=deploy/packages.sh
source "$root/deploy/packages.sh"
exporter_program=$root/build/release/buntime-exporter

build() {
  local log
  log=$(mktemp)
  # A tree that is configured already keeps its configuration: that of a developer has the tests.
  if ! {
    { [[ -e build/release/build.ninja ]] || cmake --preset release -D BUILD_TESTING=OFF; } &&
      NINJA_STATUS='[%f/%t] ' cmake --build build/release --target buntime-exporter buntime-simulator
  } 2>&1 | ninja_percent "$log" | show_progress "building"; then
    grep -E -A 12 'error|FAILED' "$log" >&2 || cat "$log" >&2
    rm -f "$log"
    echo "the build failed" >&2
    return 1
  fi
  rm -f "$log"
}

# What the flags and the environment ask for.
simulate=yes serves=yes listen=${BUNTIME_EXPORTER_WEB_LISTEN_ADDRESS:-} web_config=${BUNTIME_EXPORTER_WEB_CONFIG_FILE:-}
[[ -n ${BUNTIME_EXPORTER_RUNTIME_URL:-}${BUNTIME_EXPORTER_CONFIG_FILE:-} ]] && simulate=no
previous=
for flag in "$@"; do
  case $previous in
    --web.listen-address) listen=$flag ;;
    --web.config.file) web_config=$flag ;;
  esac
  case $flag in
    -h | --help)
      sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"
      exit
      ;;
    --runtime.url | --runtime.url=* | --config.file | --config.file=*) simulate=no ;;
    --version | --metrics.list* | --healthcheck) simulate=no serves=no ;;
    --once | --config.check) serves=no ;;
    --web.listen-address=*) listen=${flag#*=} ;;
    --web.config.file=*) web_config=${flag#*=} ;;
  esac
  previous=$flag
done

install_packages "$root/deploy/packages.txt"
(cd "$root" && build)
[[ $simulate$serves == nono ]] && exec "$exporter_program" "$@"

work=$(mktemp -d)
exporter='' simulator=''
finish() {
  local status=$?
  trap - EXIT
  for process in $exporter $simulator; do kill -TERM "$process" 2> /dev/null || true; done
  wait || true
  rm -rf "$work"
  exit "$status"
}
trap finish EXIT
trap 'exit 0' INT TERM HUP

runtime=()
if [[ $simulate == yes ]]; then
  # Like release 0.5, it wants a key.
  mkfifo "$work/out"
  (umask 077 && head -c 24 /dev/urandom | base64 > "$work/key")
  "$root/build/release/buntime-simulator" --release 0.5.4 --version-suffix +simulated --pool-size 20 \
    --api-key-file "$work/key" > "$work/out" &
  simulator=$!
  read -r line < "$work/out"
  runtime=(--runtime.url "${line#listening on }" --runtime.api-key-file "$work/key" --runtime.pool-size 20)
  echo "exporting a simulated runtime; --runtime.url URL exports yours" >&2
fi
"$exporter_program" "${runtime[@]}" "$@" &
exporter=$!

if [[ $serves == yes ]]; then
  until "$exporter_program" --healthcheck "${runtime[@]}" "$@" > /dev/null 2>&1; do
    kill -0 "$exporter" 2> /dev/null || break
    sleep 0.2
  done
  scheme=http
  [[ -n $web_config ]] && grep -qs '^tls_server_config:' "$web_config" && scheme=https
  address=${listen%%,*}
  host=${address%:*}
  [[ -z $host || $host == 0.0.0.0 || $host == '[::]' ]] && host=localhost
  [[ -n $address ]] || address=:10077
  kill -0 "$exporter" 2> /dev/null && echo "open $scheme://$host:${address##*:}/ (Ctrl-C ends)" >&2
fi
wait "$exporter"
