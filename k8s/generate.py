#!/usr/bin/python3
"""Usage: k8s/generate.py [FOLDER]

Writes the objects that hold files of this project: a PrometheusRule for each file of alerts/ and a ConfigMap for each
dashboard of grafana/. They go below k8s/, or below FOLDER. Kustomize cannot do it: it reads nothing outside of the
folder of a kustomization, and it would not make rules of a file of rules.
"""
import json
import pathlib
import re
import sys
import textwrap

ROOT = pathlib.Path(__file__).resolve().parents[1]
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


def rule_object(source: pathlib.Path) -> str:
    """The file's own text, comments included, is the specification of the object."""
    name = "buntime-" + source.stem.removeprefix("buntime-")
    return (header(source)
            + f"apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata:\n  name: {name}\n"
            + labels(SELECTED_BY) + "spec:\n" + textwrap.indent(source.read_text(encoding="utf-8"), "  "))


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


def outputs() -> dict[str, str]:
    rules = sorted((ROOT / "alerts").glob("*.yml"))
    dashboards = sorted((ROOT / "grafana" / "dashboards").glob("*.json"))
    return {
        "rules/prometheusrules.yaml": "".join(map(rule_object, rules)),
        "grafana/dashboards.yaml": "".join(map(dashboard_object, dashboards)),
    }


def main() -> None:
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "k8s"
    for name, text in outputs().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
