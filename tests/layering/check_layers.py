#!/usr/bin/env python3
"""Usage: check_layers.py ROOMS_TXT EXPORTER_FOLDER

Checks what no compiler checks: that each room includes only rooms it may use (the list in exporter/CMakeLists.txt,
written to ROOMS_TXT by the build) and that a third party is known to its own room alone. Names every offending line.
"""
import pathlib
import re
import sys

# The one room that knows the library; headers of everything else are the standard's or the system's.
OWNERS = {
    "curl/": "fetch",
    "zlib.h": "fetch",
    "rapidjson/": "decode",
    "CLI/": "config",
    "prometheus/": "metrics",
    "isa-l": "metrics",
    "boost/": "web",
    "openssl/": "tls",  # and others: see SHARED
    "spdlog/": "app",
    "yaml-cpp/": "config",
}
SHARED = {("fetch", "openssl/ssl.h"),  # what libcurl hands out for TLS is OpenSSL's
          *(("web", f"openssl/{name}.h") for name in ("crypto", "err", "evp", "hmac", "rand", "ssl", "x509_vfy"))}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def offences(rooms, folder):
    for path in sorted(folder.rglob("*")):
        if path.suffix not in (".h", ".cc"):
            continue
        relative = path.relative_to(folder)
        room = relative.parts[0] if len(relative.parts) > 1 else "main"
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            at = f"exporter/{relative}:{number}"
            if match[1] == '"':
                used = match[2].split("/")[0]
                if "/" not in match[2]:
                    yield f'{at}: "{match[2]}" is not rooted in a room'
                elif room != "main" and used not in rooms[room] | {room}:
                    yield f"{at}: room {room} may not use room {used}"
            else:
                for prefix, owner in OWNERS.items():
                    if match[2].startswith(prefix) and room != owner and (room, match[2]) not in SHARED:
                        yield f"{at}: {prefix} belongs to room {owner}"


def main():
    rooms = {}
    for line in pathlib.Path(sys.argv[1]).read_text(encoding="utf-8").splitlines():
        name, _, deps = line.partition(":")
        rooms[name] = set(filter(None, deps.strip().split(";")))
    found = list(offences(rooms, pathlib.Path(sys.argv[2])))
    print("\n".join(found) or f"{len(rooms)} rooms keep to their layers")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
