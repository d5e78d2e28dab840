#!/usr/bin/env bash
# Usage: post-render.sh [KIND/NAME [IMAGE]] < MANIFESTS > MANIFESTS
# Puts the exporter into the pods of Buntime's workload (default: StatefulSet/buntime), as a post-renderer of Helm 3, by
# plugin.yaml as one of Helm 4, or between `helm template` and `kubectl apply`. Everything else passes through.
set -euo pipefail
workload=${1:-StatefulSet/buntime}
image=${2:-}
if [[ ! $workload =~ ^(StatefulSet|Deployment)/[a-z0-9][-a-z0-9.]*$ ]]; then
  echo "post-render.sh: '$workload' is not StatefulSet/NAME or Deployment/NAME" >&2
  exit 2
fi
if [[ ! $image =~ ^[a-zA-Z0-9./:@_-]*$ ]]; then
  echo "post-render.sh: '$image' is not the name of an image" >&2
  exit 2
fi
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cat > "$work/manifests.yaml"
{
  printf 'apiVersion: apps/v1\nkind: %s\nmetadata:\n  name: %s\n' "${workload%%/*}" "${workload#*/}"
  # The chart's ConfigMap, which holds the size of the pool, bears the name of the workload.
  sed -e "s|name: buntime  # like the workload|name: ${workload#*/}|" \
    ${image:+-e "s|image: buntime-exporter:.*|image: $image|"} "$here/patch.yaml"
} > "$work/patch.yaml"
cat > "$work/kustomization.yaml" << 'END'
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [manifests.yaml]
patches:
  - path: patch.yaml
END
kubectl kustomize "$work"
