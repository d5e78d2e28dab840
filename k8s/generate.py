#!/usr/bin/python3
"""Writes the objects that hold files of this project: a PrometheusRule for each file of alerts/ and a ConfigMap for each
dashboard of grafana/. Links in the rules are paths unless the flags make them absolute. Kustomize cannot do it: it reads nothing outside of the
folder of a kustomization, and it would not make rules of a file of rules.
"""
import argparse
import json
import pathlib
import re
import sys
import textwrap

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "alerts"))

import generate  # noqa: E402

VERSION = re.search(r"^project\(\S+ VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text(), re.M)[1]
# What the Prometheus of the chart kube-prometheus-stack selects rules by, when it is installed under this name.
SELECTED_BY = {"release": "kube-prometheus-stack"}


def labels(more: dict[str, str]) -> str:
    """The labels that all objects of this project have, and some more, as YAML below `metadata`."""
    all_labels = {
        "app.kubernetes.io/name": "buntime-exporter",
        "app.kubernetes.io/instance": "buntime-exporter",
        "app.kubernetes.io/version": VERSION,
        "app.kubernetes.io/component": "exporter",
        "app.kubernetes.io/part-of": "buntime",
        "app.kubernetes.io/managed-by": "kustomize",
        **more,
    }
    return "  labels:\n" + "".join(f"    {name}: {value}\n" for name, value in all_labels.items())


def header(source: pathlib.Path) -> str:
    return f"---\n# Written by k8s/generate.py from {source.relative_to(ROOT)}.\n"


def rule_object(source: pathlib.Path, flags: argparse.Namespace) -> str:
    """The file's own text, comments included, is the specification of the object."""
    name = "buntime-" + source.stem.removeprefix("buntime-")
    return (header(source)
            + f"apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata:\n  name: {name}\n"
            + labels(SELECTED_BY) + "spec:\n" + textwrap.indent(generate.rendered(source.read_text(encoding="utf-8"), flags), "  "))


def dashboard_object(source: pathlib.Path) -> str:
    # One line: the file itself is the copy to read and to compare.
    # A prefix of their own: the fleet's exporter owns a ConfigMap `buntime-exporter` in the same namespace.
    name = "buntime-dashboard-" + source.stem.removeprefix("buntime-")
    text = json.dumps(json.loads(source.read_text(encoding="utf-8")), ensure_ascii=False, separators=(",", ":"))
    return (header(source)
            + f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n"
            # Grafana's sidecar takes ConfigMaps with this label into the folder of this annotation.
            + "  annotations:\n    grafana_folder: Buntime\n" + labels({"grafana_dashboard": '"1"'})
            + f"data:\n  {source.name}: |\n    {text}\n")


def outputs(flags: argparse.Namespace) -> dict[str, str]:
    rules = sorted((ROOT / "alerts").glob("*.yml"))
    dashboards = sorted((ROOT / "grafana" / "dashboards").glob("*.json"))
    return {
        "rules/prometheusrules.yaml": "".join(rule_object(rule, flags) for rule in rules),
        "grafana/dashboards.yaml": "".join(map(dashboard_object, dashboards)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    generate.add_flags(parser)
    parser.add_argument("folder", nargs="?", type=pathlib.Path, default=ROOT / "k8s", help="where the files go, by default here")
    flags = parser.parse_args()
    for name, text in outputs(flags).items():
        path = flags.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
