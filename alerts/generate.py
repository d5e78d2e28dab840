#!/usr/bin/python3
"""Writes the rule files of this folder into another one, with absolute links, or for servers that are older.

    alerts/generate.py --runbook-base https://git.example.org/monitoring/blob/main \\
                       --grafana-base https://grafana.example.org  rules/

The rules need no generator to be used: their links are paths, which deploy/alertmanager/buntime.tmpl completes.
"""
import argparse
import pathlib
import re
import urllib.parse

FOLDER = pathlib.Path(__file__).resolve().parent


def base(text: str) -> str:
    """An address that paths are put behind. What YAML or Alertmanager would read differently is refused."""
    parts = urllib.parse.urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment \
            or re.search(r"[\s\"'{}<>\\]", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not an address like https://grafana.example.org/prefix")
    return text.rstrip("/")


def add_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--runbook-base", type=base, metavar="URL",
                        help="where the files of this repository are shown; put before /alerts/runbooks/NAME.md")
    parser.add_argument("--grafana-base", type=base, metavar="URL",
                        help="where Grafana is; put before /d/buntime-...")
    parser.add_argument("--no-keep-firing", action="store_true",
                        help="leave keep_firing_for out, which Prometheus knows from 2.42 on and vmalert from 1.92 on; alerts then end at "
                             "once and may start again")


def rendered(text: str, flags: argparse.Namespace) -> str:
    """A rule file's text, comments included, as the flags want it."""
    text = re.sub(r"^( +runbook_url: )(?=/)", r"\g<1>" + (flags.runbook_base or ""), text, flags=re.M)
    text = re.sub(r"^( +dashboard_url: )(?=/)", r"\g<1>" + (flags.grafana_base or ""), text, flags=re.M)
    return re.sub(r"^ +keep_firing_for: .*\n", "", text, flags=re.M) if flags.no_keep_firing else text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_flags(parser)
    parser.add_argument("folder", type=pathlib.Path, help="where the files go; it is created when needed")
    flags = parser.parse_args()
    if flags.folder.resolve() == FOLDER:
        parser.error("the files would replace those that they are made from")
    flags.folder.mkdir(parents=True, exist_ok=True)
    for source in sorted(FOLDER.glob("*.yml")):
        (flags.folder / source.name).write_text(rendered(source.read_text(encoding="utf-8"), flags), encoding="utf-8")


if __name__ == "__main__":
    main()
