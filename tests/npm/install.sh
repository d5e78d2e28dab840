#!/usr/bin/env bash
# Usage: tests/npm/install.sh
# Puts the tools that the tests take from npm into tests/npm/node_modules, exactly as package-lock.json lists them;
# does nothing where they are there already. Run by tests/run.sh.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
stamp=node_modules/.installed
cmp -s package-lock.json "$stamp" && exit 0
# No script of a package runs: none of these needs one.
npm ci --no-audit --no-fund --ignore-scripts --loglevel=error > /dev/null
cp package-lock.json "$stamp"
