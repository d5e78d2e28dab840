#!/usr/bin/env bash
# Usage: tests/cluster/apiserver.sh
# Builds kube-apiserver from Debian's source package of Kubernetes, once, and prints its path. Debian ships no binary of
# it. The result is kept outside of the checkout, in the user's cache folder, under the version of the package. Needs
# golang-1.19-go, golang-github-modern-go-reflect2-dev, dpkg-dev, and apt's own sources; takes five minutes of processor
# time. Exit status 3: there are no sources here, for the reason that it prints.
set -euo pipefail
cache=${XDG_CACHE_HOME:-$HOME/.cache}/buntime-exporter-tests
mkdir -p "$cache"
# Another run of the tests may be building it.
exec 9> "$cache/apiserver.lock"
flock 9
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/support/debian_suite.sh
source "$here/../support/debian_suite.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
suite_open "$work/apt" bookworm deb-src || true
version=$(suite_apt apt-cache showsrc --only-source kubernetes 2> /dev/null | sed -n 's/^Version: //p' | sort -V | tail -1)
if [[ -z $version ]]; then
  echo "the mirror of Debian in apt's sources has no source package kubernetes"
  exit 3
fi
binary=$cache/kube-apiserver-${version//[^0-9a-z.+-]/_}
if [[ -x $binary ]]; then
  echo "$binary"
  exit
fi

export GOPATH=$work/go GOCACHE=$work/gocache GO111MODULE=off CGO_ENABLED=0 PATH=/usr/lib/go-1.19/bin:$PATH
export GOGC=400  # the compiler collects garbage less often: memory for time
tree=$GOPATH/src/k8s.io/kubernetes
{
  mkdir -p "${tree%/*}"
  (cd "$work" && suite_apt apt-get -qq --download-only source "kubernetes=$version")
  dpkg-source --no-check -x "$work"/kubernetes_*.dsc "$tree"
  cd "$tree"
  # The copy in the source package crashes on the maps of Go 1.18 and later.
  rm -rf vendor/github.com/modern-go/reflect2
  cp -a /usr/share/gocode/src/github.com/modern-go/reflect2 vendor/github.com/modern-go/

  # The one generated file that the source package lacks.
  packages=$(grep -rl --include='*.go' '+k8s:openapi-gen=' pkg cmd staging/src/k8s.io | xargs -n 1 dirname | sort -u |
    sed 's|^staging/src/|vendor/|' | grep -v -e '^vendor/k8s.io/code-generator/' -e '^vendor/k8s.io/sample-apiserver/' |
    sed 's|^|k8s.io/kubernetes/|' | paste -sd ,)
  go build -gcflags 'all=-N -l' -o "$work/openapi-gen" ./vendor/k8s.io/kube-openapi/cmd/openapi-gen
  "$work/openapi-gen" -i "$packages" -p k8s.io/kubernetes/pkg/generated/openapi -O zz_generated.openapi \
    -h vendor/k8s.io/code-generator/hack/boilerplate.go.txt -r "$work/violations"

  release=v${version#*really}
  release=${release%%-*}
  # Without the clients of clouds, which nothing here calls and which take longest, and without optimization.
  # Helm asks for the version; the one that the server reports is the client's.
  packages=k8s.io/kubernetes/vendor/k8s.io
  go build -tags providerless -gcflags 'all=-N -l' -o "$work/kube-apiserver" \
    -ldflags "-s -w -X $packages/component-base/version.gitVersion=$release -X $packages/client-go/pkg/version.gitVersion=$release" \
    ./cmd/kube-apiserver
} >&2
mv "$work/kube-apiserver" "$binary"
echo "$binary"
