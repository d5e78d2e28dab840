#!/usr/bin/env python3
"""Usage: grafana/build.py [--check]

Writes grafana/dashboards/*.json from grafana/source. With --check it writes nothing and fails where a file differs.
"""
import pathlib
import sys

from source import apps, capacity, exporter, overview, workers
from source.dashboard import text

FOLDER = pathlib.Path(__file__).resolve().parent / "dashboards"
DASHBOARDS = [module.DASHBOARD for module in (overview, workers, apps, capacity, exporter)]


def main():
    wanted = {FOLDER / f"{dashboard['uid']}.json": text(dashboard) for dashboard in DASHBOARDS}
    present = {path: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.json")}
    if sys.argv[1:] == ["--check"]:
        wrong = sorted(path.name for path in wanted.keys() | present.keys() if wanted.get(path) != present.get(path))
        if wrong:
            print(f"not as grafana/source says: {', '.join(wrong)}; run grafana/build.py")
        return 1 if wrong else 0
    if sys.argv[1:]:
        print(__doc__.strip())
        return 2
    for path in present.keys() - wanted.keys():
        path.unlink()
    for path, content in wanted.items():
        path.write_text(content, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
