#!/usr/bin/env python3
"""Usage: grafana/build.py [--check]

Writes grafana/dashboards/*.json, which are provisioned, and grafana/import/*.json, which are imported by hand, from
grafana/source and alerts/*.yml. With --check it writes nothing and fails where a file differs.
"""
import pathlib
import sys

from source import apps, capacity, exporter, overview, workers
from source.dashboard import text, text_to_import

HERE = pathlib.Path(__file__).resolve().parent
DASHBOARDS = [module.DASHBOARD for module in (overview, workers, apps, capacity, exporter)]


def files():
    for dashboard in DASHBOARDS:
        yield HERE / "dashboards" / f"{dashboard['uid']}.json", text(dashboard)
        yield HERE / "import" / f"{dashboard['uid'].removeprefix('buntime-')}.json", text_to_import(dashboard)


def main():
    wanted = dict(files())
    present = {path: path.read_text(encoding="utf-8") for folder in ("dashboards", "import") for path in (HERE / folder).glob("*.json")}
    if sys.argv[1:] == ["--check"]:
        wrong = sorted(str(path.relative_to(HERE)) for path in wanted.keys() | present.keys() if wanted.get(path) != present.get(path))
        if wrong:
            print(f"not as grafana/source says: {', '.join(wrong)}; run grafana/build.py")
        return 1 if wrong else 0
    if sys.argv[1:]:
        print(__doc__.strip())
        return 2
    for path in present.keys() - wanted.keys():
        path.unlink()
    for path, content in wanted.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
