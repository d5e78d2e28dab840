#!/usr/bin/env python3
"""Usage: compress.py SOURCES VERSION MAINTAINER FOLDER

Writes into FOLDER what Debian wants compressed: the man page that is already there, CHANGELOG.md, and the changelog of
the package itself, which only points to the former. The same sources give the same bytes.
"""

import email.utils
import gzip
import os
import pathlib
import sys


def main() -> None:
    version, maintainer = sys.argv[2:4]
    sources, folder = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[4])
    changes = sources / "CHANGELOG.md"
    when = int(os.environ.get("SOURCE_DATE_EPOCH") or changes.stat().st_mtime)
    package = (f"buntime-exporter ({version}) stable; urgency=medium\n\n  * See changelog.gz beside this file.\n\n"
               f" -- {maintainer}  {email.utils.formatdate(when)}\n")
    texts = {"buntime-exporter.1.gz": (folder / "buntime-exporter.1").read_bytes(),
             "changelog.gz": changes.read_bytes(), "changelog.Debian.gz": package.encode()}
    for name, text in texts.items():
        (folder / name).write_bytes(gzip.compress(text, 9, mtime=0))


if __name__ == "__main__":
    main()
