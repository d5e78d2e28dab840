# shellcheck shell=bash
# Sourced by the tests that take packages of another suite of Debian, or sources, without changing the machine's own apt.

# suite_open FOLDER SUITE [TYPE] : apt, within FOLDER, that knows this suite alone, from the mirror of the machine's
# own sources. TYPE is deb (default) or deb-src.
suite_open() {
  suite_folder=$1
  local mirror
  mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2> /dev/null |
    sed -n -E 's/^(URIs:|deb( +\[[^]]*\])?) +(http[^ ]+\/debian\/?)( .*)?$/\3/p' | sed -n 1p) || true
  [[ -n $mirror ]] || {
    echo "apt's sources name no mirror of Debian" >&2
    return 1
  }
  mkdir -p "$suite_folder/lists/partial" "$suite_folder/cache/archives/partial"
  echo "${3:-deb} [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $2 main" > "$suite_folder/sources.list"
  cat > "$suite_folder/apt.conf" << END
Dir::Etc::sourcelist "$suite_folder/sources.list";
Dir::Etc::sourceparts "-";
Dir::State::lists "$suite_folder/lists";
Dir::Cache "$suite_folder/cache";
Acquire::Languages "none";
APT::Sandbox::User "root";
END
  suite_apt apt-get -qq update
}

# suite_apt COMMAND… : runs one of apt's commands on that suite.
suite_apt() { APT_CONFIG=$suite_folder/apt.conf "$@"; }

# suite_unpack FOLDER PACKAGE… : unpacks packages, without what they depend on, into a folder.
suite_unpack() {
  local folder=$1 archive
  shift
  mkdir -p "$folder" "$suite_folder/debs"
  (cd "$suite_folder/debs" && suite_apt apt-get -qq download "$@")
  for archive in "$suite_folder"/debs/*.deb; do dpkg-deb --extract "$archive" "$folder"; done
  rm -f "$suite_folder"/debs/*.deb
}
