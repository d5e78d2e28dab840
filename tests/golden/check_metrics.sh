#!/usr/bin/env bash
# Usage: check_metrics.sh PROMTOOL FOLDER
# Every golden exposition passes `promtool check metrics`. Two names are promised by the runtime's documents although
# the linter dislikes them, and a third is the fleet's sum of one of them; no other complaint is let through.
set -euo pipefail

promtool=$1
folder=$2
[[ -x $promtool ]] || { echo "promtool is missing: install the package 'prometheus'"; exit 1; }

known='^(buntime_(fleet_)?pool_total non-counter metrics should not have "_total" suffix'
known+='|buntime_uptime_seconds counter metrics should have "_total" suffix)$'
status=0
for file in "$folder"/*.prom; do
  complaints=$("$promtool" check metrics < "$file" 2>&1 | grep -Ev "$known" || true)
  if [[ -n $complaints ]]; then
    printf '%s:\n%s\n' "$file" "$complaints"
    status=1
  fi
done
exit $status
