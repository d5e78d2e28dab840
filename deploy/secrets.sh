#!/usr/bin/env bash
# Usage: deploy/secrets.sh
# Makes what compose.yaml mounts: a random password for Grafana's user admin, and secrets/buntime/, the folder for the key of
# a runtime. What is there already stays.
set -euo pipefail
folder=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/secrets
password=$folder/grafana-admin-password

# Nobody but the owner gets into the folder. The file in it is readable to all, because it is mounted as it is into a
# container where Grafana is nobody that this machine knows.
[[ -d $folder ]] || mkdir -m 700 "$folder"
[[ -d $folder/buntime ]] || mkdir -m 755 "$folder/buntime"
if [[ -s $password ]]; then
  echo "kept $password"
else
  head -c 24 /dev/urandom | base64 > "$password"
  chmod 644 "$password"
  echo "made $password: the password of Grafana's user admin"
fi
