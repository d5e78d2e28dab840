#!/usr/bin/env bash
# Usage: tests/run.sh [STAGE…]
# Installs what is missing, then builds and runs all tests, stage by stage; the first failure ends it.
#   lint     clang-format, shellcheck, and the exporter built by clang with clang-tidy and the thread-safety analysis
#   asan     tests of what parses input or keeps buffers, under AddressSanitizer and UBSan
#   tsan     tests of what crosses threads, under ThreadSanitizer
#   fuzz     the fuzzers, a bounded time each
#   engines  a real Docker engine: the image is built and run, the Compose file started; Prometheus 3. Root on Debian 12
#   cluster  a real Kubernetes API server: every overlay and the Helm chart applied and deleted. Root on Debian 12
#   long     what takes minutes: every source compiled alone; mutants of the alert rules; the incident lab; package, image and
#            release, each in a Debian made for it
#   release  everything else, with the build that ships; its summary stands at the end
# Without arguments: all but long. Each of engines and cluster takes one processor: asked for in this order, they run side by side.
# tests/README.md says which test belongs to what.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=deploy/packages.sh
source "$root/deploy/packages.sh"
# shellcheck source=tests/support/stage.sh
source "$root/tests/support/stage.sh"

install_packages "$root/deploy/packages.txt" "$root/tests/packages.txt"
"$root/tests/npm/install.sh"
cd "$root"
stages=("$@")
((${#stages[@]})) || stages=(lint asan tsan fuzz engines cluster release)

cores=$(nproc)
started=$SECONDS
heading() { printf '\n=== %s (after %d s)\n' "$*" $((SECONDS - started)); }

# build PRESET [ARGUMENTS…]: says what went wrong, and nothing where nothing did.
build() {
  local log preset=$1
  shift
  log=$(mktemp)
  if ! { cmake --preset "$preset" && cmake --build --preset "$preset" "$@"; } > "$log" 2>&1; then
    grep -E -A 12 'error|FAILED|warning' "$log" || cat "$log"
    rm -f "$log"
    return 1
  fi
  rm -f "$log"
}

lint() {
  heading "lint"
  git ls-files -z '*.cc' '*.h' | xargs -0 clang-format --dry-run --Werror
  git ls-files -z '*.sh' '.ci/run' | xargs -0 shellcheck -x
  build tidy
}

# suite PRESET TARGET [ARGUMENTS OF CTEST…]
suite() {
  local preset=$1 target=$2
  shift 2
  heading "build $preset"
  build "$preset" --target "$target"
  heading "test $preset"
  ctest --preset "$preset" --parallel "$cores" "$@"
}

# The end-to-end tests run real programs against the clock: one that a busy machine held up gets a second try, two of them in
# a run at most. Unit tests get none.
release() {
  local log second
  suite release all --label-regex '^unit$'
  log=$(mktemp)
  heading "test release, end to end"
  ctest --preset release --parallel "$cores" --label-exclude '^(unit|long)$' --repeat until-pass:2 | tee "$log"
  second=$(grep -oE '^ +Start +[0-9]+: .*' "$log" | sort | uniq -d)
  rm -f "$log"
  if (($(wc -l <<< "$second") > 2)); then
    printf 'more than two tests passed only at their second try:\n%s\n' "$second" >&2
    return 1
  fi
}

# Both are ended with this script.
engines_process='' engines_log=''
engines() {
  heading "engines"
  build release --target buntime-exporter --target buntime-simulator
  if [[ " ${stages[*]} " != *" engines cluster "* ]]; then
    setpriv --pdeathsig TERM tests/engines/run.sh
    return
  fi
  # Now, since dpkg takes one caller at a time.
  install_packages tests/engines/packages.txt deploy/release-packages.txt tests/cluster/packages.txt
  engines_log=$(mktemp)
  setpriv --pdeathsig TERM tests/engines/run.sh > "$engines_log" 2>&1 &
  engines_process=$!
  echo "runs beside the next stage"
}

cluster() {
  local status=0
  heading "cluster"
  setpriv --pdeathsig TERM tests/cluster/run.sh || status=$?
  if [[ -n $engines_process ]]; then
    wait "$engines_process" || status=$?
    heading "what engines printed"
    cat "$engines_log"
    rm -f "$engines_log"
  fi
  return "$status"
}

took=
for stage in "${stages[@]}"; do
  [[ -z $took ]] || printf '\n--- %s took %d s\n' "$took" $((SECONDS - began))
  took=$stage began=$SECONDS
  if [[ $stage == engines || $stage == cluster ]] && reason=$(not_a_root_on_debian) && [[ -n $reason ]]; then
    heading "$stage skipped: $reason"
    continue
  fi
  case $stage in
    lint) lint ;;
    asan | tsan) suite "$stage" sanitizer_tests --label-regex '^sanitizer$' ;;
    fuzz) suite fuzz fuzzers --label-regex fuzz ;;
    engines) engines ;;
    cluster) cluster ;;
    long)
      # The other stages compile a room as one unit, which hides what a source fails to include.
      heading "every source alone"
      build clang
      suite release all --label-regex '^long$'
      ;;
    release) release ;;
    *)
      echo "unknown stage '$stage': choose from lint, asan, tsan, fuzz, engines, cluster, long, release" >&2
      exit 2
      ;;
  esac
done
