#!/usr/bin/env bash
# Usage: deploy/release.sh [FOLDER [PART…]]      (default: build/dist; all parts: package, portable, chart, image)
#
# Makes the files of a release page from the commit that is checked out, on Debian 12 as root or with sudo:
#   buntime-exporter-VERSION-linux-x86_64.tar.gz   portable: glibc 2.34 or newer, libcurl, OpenSSL 3, zlib
#   buntime-exporter_VERSION-1_amd64.deb           for Debian 12
#   buntime-exporter-VERSION-image.tar.gz          for `docker load`; only where a Docker engine answers
#   buntime-exporter-chart-VERSION.tgz             for `helm install`
#   buntime-exporter-VERSION.spdx.json             what the binaries contain, as SPDX 2.3; only with all parts
#   SHA256SUMS
# The same commit and the same Debian packages give the same bytes, except for the image: its layers contain times.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=deploy/packages.sh
source "$root/deploy/packages.sh"
# shellcheck source=tests/support/debian_suite.sh
source "$root/tests/support/debian_suite.sh"
dist=$(realpath -m "${1:-$root/build/dist}")
parts=("${@:2}")
for part in "${parts[@]}"; do
  [[ $part =~ ^(package|portable|chart|image)$ ]] || {
    echo "unknown part '$part': choose from package, portable, chart, image" >&2
    exit 2
  }
done

say() { printf '=== %s (after %d s)\n' "$*" "$SECONDS" >&2; }

# logged COMMAND… : its output matters only if it fails.
logged() {
  "$@" > "$work/log" 2>&1 || {
    tail -n 60 "$work/log" >&2
    echo "failed: $*" >&2
    return 1
  }
}

# archive FILE FOLDER NAME : a tar.gz whose bytes depend on contents and names only.
archive() {
  tar --create --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner --mode=u+rw,go+r,go-w \
    --directory "$2" "$3" | gzip -9n > "$1"
}

# build OPTION… : the program, its man page and completions.
build() {
  (cd "$source" && logged cmake --preset release -D BUILD_TESTING=OFF -D BUNTIME_REVISION="$revision" "$@")
  logged cmake --build "$build" --target package_docs
}

package() {
  build
  # Times of files and folders are part of the package.
  find "$source" -exec touch --no-dereference --date "@$SOURCE_DATE_EPOCH" {} +
  (cd "$build" && logged cpack -G DEB --config CPackConfig.cmake)
  cp "$build"/*.deb "$dist/"
}

# Static archives of prometheus-cpp and ISA-L, of which Debian ships shared libraries only, from its source packages.
static_libraries() {
  local name
  suite_open "$work/apt" bookworm deb-src
  (cd "$work" && logged suite_apt apt-get -qq --download-only source prometheus-cpp libisal)
  for name in prometheus-cpp libisal; do logged dpkg-source --no-check -x "$work/$name"_*.dsc "$work/$name"; done
  logged cmake -G Ninja -S "$work/prometheus-cpp" -B "$work/prometheus-build" -D CMAKE_BUILD_TYPE=Release \
    -D BUILD_SHARED_LIBS=OFF -D ENABLE_PUSH=OFF -D ENABLE_PULL=OFF -D ENABLE_COMPRESSION=OFF -D ENABLE_TESTING=OFF \
    -D CMAKE_CXX_FLAGS="-fPIE -ffile-prefix-map=$work=." -D CMAKE_INSTALL_PREFIX="$work/static" -D CMAKE_INSTALL_LIBDIR=lib
  logged cmake --build "$work/prometheus-build" --target install
  logged make -C "$work/libisal" -f Makefile.unx -j "$(nproc)" units='igzip crc' CFLAGS_='-Wall -fPIE' DEBUG= DEBUG_nasm= lib
  install -D -m 644 "$work/libisal/bin/isa-l.a" "$work/static/lib/libisal.a"
}

# Distributions version libcurl's symbols in different ways, or not at all. This stub, for linking only, has no versions.
curl_stub() {
  local library
  library=$(ldconfig -p | sed -n 's/.*libcurl\.so\.4 .*x86-64.* => //p' | sed -n 1p)
  nm -D --defined-only "$library" | sed -n 's/^.* T \(curl_[a-z_0-9]*\).*/void \1(void) {}/p' | sort -u > "$work/curl.c"
  logged gcc -shared -fPIC -nostdlib -Wl,-soname,libcurl.so.4 -o "$work/libcurl.so" "$work/curl.c"
}

# The same objects as the Debian package, linked anew; only sources that see other headers are compiled again.
portable() {
  static_libraries
  curl_stub
  build -D BUNTIME_PORTABLE=ON -D CMAKE_SKIP_RPATH=ON -D CMAKE_PREFIX_PATH="$work/static" \
    -D CURL_LIBRARY_RELEASE="$work/libcurl.so" \
    -D prometheus-cpp_DIR="$work/static/lib/cmake/prometheus-cpp"
  local name=buntime-exporter-$version-linux-x86_64 newest
  local stage=$work/stage/$name docs=$build/deploy/package/docs
  mkdir -p "$stage"/{alerts,completions,systemd}
  strip -o "$stage/buntime-exporter" "$build/buntime-exporter"
  cp "$docs/buntime-exporter.1" "$source/LICENSE" "$source/CHANGELOG.md" "$stage/"
  cp "$docs/buntime-exporter.bash" "$docs/_buntime-exporter" "$docs/buntime-exporter.fish" "$stage/completions/"
  cp "$source"/deploy/package/buntime-exporter.{service,default} "$stage/systemd/"
  cp -r "$source"/alerts/*.yml "$source/alerts/runbooks" "$stage/alerts/"
  cp -r "$source/grafana/dashboards" "$stage/"
  newest=$(objdump -T "$stage/buntime-exporter" | sed -n 's/.*(GLIBC_\([0-9.]*\)).*/\1/p' | sort -V | tail -n 1)
  [[ $(printf '%s\n2.34\n' "$newest" | sort -V | tail -n 1) == 2.34 ]] || {
    echo "the portable binary needs glibc $newest instead of 2.34" >&2
    return 1
  }
  archive "$dist/$name.tar.gz" "$work/stage" "$name"
}

image() {
  if ! command -v docker > /dev/null || ! docker info > /dev/null 2>&1; then
    echo "no image: no Docker engine answers here (docker info says why)" >&2
    return
  fi
  logged docker build --file "$source/deploy/Dockerfile" --build-arg "REVISION=$revision" --tag "buntime-exporter:$version" \
    ${BUILD_NETWORK:+--network "$BUILD_NETWORK"} "$source"
  docker save "buntime-exporter:$version" | gzip -9n > "$dist/buntime-exporter-$version-image.tar.gz"
}

chart() {
  mkdir "$work/chart"
  cp -rL "$source/k8s/helm/buntime-exporter" "$work/chart/"
  archive "$dist/buntime-exporter-chart-$version.tgz" "$work/chart" buntime-exporter
}

[[ -z $(git -C "$root" status --porcelain) ]] || echo "uncommitted changes are not part of this release" >&2
install_packages "$root/deploy/packages.txt" "$root/deploy/release-packages.txt"
work=$root/build/release-work
rm -rf "$work"
mkdir -p "$work"
trap 'rm -rf "$work"' EXIT
umask 022
version=$(sed -n 's/^project(.* VERSION \([0-9.]*\).*/\1/p' "$root/CMakeLists.txt")
revision=$(git -C "$root" rev-parse --short=12 HEAD)
SOURCE_DATE_EPOCH=$(git -C "$root" log -1 --format=%ct)
export SOURCE_DATE_EPOCH LC_ALL=C TZ=UTC
source=$work/source build=$work/source/build/release
mkdir -p "$source" "$dist"
rm -f "$dist"/buntime-exporter* "$dist/SHA256SUMS"
# With the modes of a checkout, so that an engine finds in its cache what it has built from one.
git -C "$root" -c tar.umask=0022 archive HEAD | tar -x -C "$source"

((${#parts[@]})) && whole='' || parts=(package portable chart image) whole=yes
for part in "${parts[@]}"; do
  say "$part"
  "$part"
done
say "sums"
if [[ -n $whole ]]; then
  python3 -B "$source/deploy/spdx.py" "$version" "$revision" "$dist" > "$work/spdx.json"
  mv "$work/spdx.json" "$dist/buntime-exporter-$version.spdx.json"
fi
(cd "$dist" && sha256sum buntime-exporter* > SHA256SUMS)
say "done: $dist"
cat "$dist/SHA256SUMS"
