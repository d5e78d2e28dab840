#!/usr/bin/env bash
# Usage: tests/run.sh [STAGE…]
# Installs what is missing, then builds and runs all tests, stage by stage; the first failure ends it.
#   lint     clang-format, shellcheck, and the exporter built by clang with clang-tidy and the thread-safety analysis
#   asan     unit and end-to-end tests, those in tests/security apart, under AddressSanitizer and UBSan
#   tsan     the same under ThreadSanitizer
#   fuzz     the fuzzers, a bounded time each
#   release  everything, with the build that ships; its summary stands at the end
# Without arguments: all of them in this order.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=deploy/packages.sh
source "$root/deploy/packages.sh"

install_packages "$root/deploy/packages.txt" "$root/tests/packages.txt"
"$root/tests/npm/install.sh"
cd "$root"
stages=("$@")
((${#stages[@]})) || stages=(lint asan tsan fuzz release)

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
  # The end-to-end tests run real programs against the clock: one that a busy machine held up gets a second try, which
  # the output shows.
  ctest --preset "$preset" --parallel "$cores" --repeat until-pass:2 "$@"
}

for stage in "${stages[@]}"; do
  case $stage in
    lint) lint ;;
    asan | tsan) suite "$stage" all --label-regex 'unit|e2e' --exclude-regex '^security_' ;;
    fuzz) suite fuzz fuzzers --label-regex fuzz ;;
    release) suite release all ;;
    *)
      echo "unknown stage '$stage': choose from lint, asan, tsan, fuzz, release" >&2
      exit 2
      ;;
  esac
done
