#!/usr/bin/env python3
"""Usage: spdx.py VERSION REVISION FOLDER

Prints an SPDX 2.3 document about the files of a release in FOLDER: their sums, and the libraries that are linked or compiled
into the binaries, with the versions of the Debian packages they come from. The same files and packages give the same text.
"""
import datetime
import hashlib
import json
import os
import pathlib
import subprocess
import sys

# Name, Debian package that has its version, licence, how it is part of the portable binary. The Debian package and the image
# contain the header libraries only and use Debian's shared libraries for the others.
LIBRARIES = [
    ("boost", "libboost1.81-dev", "BSL-1.0", "header"),
    ("cli11", "libcli11-dev", "BSD-3-Clause", "header"),
    ("rapidjson", "rapidjson-dev", "MIT", "header"),
    ("fmt", "libfmt-dev", "MIT", "header"),
    ("spdlog", "libspdlog-dev", "MIT", "header"),
    ("isa-l", "libisal-dev", "BSD-3-Clause", "static"),
    ("prometheus-cpp", "prometheus-cpp-dev", "MIT", "static"),
    ("yaml-cpp", "libyaml-cpp-dev", "MIT", "static"),
    ("libxcrypt", "libcrypt-dev", "LGPL-2.1-or-later", "static"),
    ("libstdc++", "libstdc++-12-dev", "GPL-3.0-or-later WITH GCC-exception-3.1", "static"),
]
NOT_SAID = "NOASSERTION"


def version_of(package: str) -> str:
    return subprocess.run(["dpkg-query", "--show", "--showformat=${Version}", package], check=True, capture_output=True,
                          text=True).stdout


def package(identifier: str, name: str, version: str, licence: str, **more: object) -> dict:
    return {"SPDXID": f"SPDXRef-{identifier}", "name": name, "versionInfo": version, "downloadLocation": NOT_SAID,
            "filesAnalyzed": False, "licenseConcluded": licence, "licenseDeclared": licence, "copyrightText": NOT_SAID, **more}


def document(version: str, revision: str, folder: pathlib.Path) -> dict:
    packages, relations = [], []

    def relate(first: str, kind: str, second: str) -> None:
        relations.append({"spdxElementId": first, "relationshipType": kind, "relatedSpdxElement": f"SPDXRef-{second}"})

    for name, debian, licence, how in LIBRARIES:
        identifier = "lib-" + name.replace("+", "p")
        reference = {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
                     "referenceLocator": f"pkg:deb/debian/{debian}@{version_of(debian)}?arch=amd64&distro=debian-12"}
        packages.append(package(identifier, name, version_of(debian), licence, externalRefs=[reference],
                                comment="headers compiled in" if how == "header" else "linked statically"))
    for index, path in enumerate(sorted(folder.glob("buntime-exporter*"))):
        identifier = f"file-{index}"
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        packages.append(package(identifier, path.name, version, "Apache-2.0", packageFileName=path.name,
                                sourceInfo=f"built from commit {revision}",
                                checksums=[{"algorithm": "SHA256", "checksumValue": digest}]))
        relate("SPDXRef-DOCUMENT", "DESCRIBES", identifier)
        for name, _, _, how in LIBRARIES:
            library = "lib-" + name.replace("+", "p")
            if "linux" in path.name:
                relate(f"SPDXRef-{identifier}", "STATIC_LINK" if how == "static" else "CONTAINS", library)
            elif "chart" not in path.name:
                relate(f"SPDXRef-{identifier}", "DYNAMIC_LINK" if how == "static" else "CONTAINS", library)
    created = datetime.datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), datetime.timezone.utc)
    return {"spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT",
            "name": f"buntime-exporter-{version}",
            "documentNamespace": f"https://spdx.org/spdxdocs/buntime-exporter-{version}-{revision}",
            "creationInfo": {"created": created.strftime("%Y-%m-%dT%H:%M:%SZ"), "creators": ["Tool: deploy/spdx.py"]},
            "packages": packages, "relationships": relations}


if __name__ == "__main__":
    json.dump(document(sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])), sys.stdout, indent=1)
    print()
