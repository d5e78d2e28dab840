"""The Helm chart: what it renders, and the values that stand for each overlay of k8s/."""
import os
import pathlib
import subprocess
import tempfile

import manifests

CHART = manifests.K8S / "helm" / "buntime-exporter"
# By overlay: the namespace and the values that make the chart render the same objects.
VALUES = {
    "base": ("shop", []),
    "annotations": ("shop", ["scrapeAnnotations=true"]),
    "prometheus-operator": ("shop", ["podMonitor.enabled=true", "rules.enabled=true"]),
    "fleet/exporter": ("monitoring", ["mode=fleet"]),
    "fleet": ("monitoring", ["mode=fleet", "podMonitor.enabled=true", "rules.enabled=true"]),
    "rules": ("monitoring", ["exporter.enabled=false", "rules.enabled=true"]),
    "grafana": ("monitoring", ["exporter.enabled=false", "dashboards.enabled=true"]),
}


def helm(*arguments: str) -> subprocess.CompletedProcess:
    with tempfile.TemporaryDirectory() as folder:
        places = {f"HELM_{name}_HOME": os.path.join(folder, name) for name in ("DATA", "CONFIG", "CACHE")}
        return subprocess.run([manifests.HELM, *arguments], capture_output=True, text=True, check=False,
                              env={**os.environ, **places})


def options(values: list[str]) -> list[str]:
    return [word for value in values for word in ("--set", value)]


def template(values: list[str], namespace: str = "shop", release: str = "buntime-exporter",
             chart: pathlib.Path = CHART) -> list[dict]:
    done = helm("template", release, str(chart), "--namespace", namespace, *options(values))
    assert done.returncode == 0, done.stderr
    return manifests.documents(done.stdout)
