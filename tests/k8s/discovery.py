"""What Prometheus makes of a list of pods: asked of Prometheus' own code by `promtool check service-discovery`.

Pods become targets with the labels that Prometheus' discovery gives them, one for each port of each container; here
they stand in the configuration instead of coming from an API server.
"""
import json
import pathlib
import re
import subprocess
import tempfile
from dataclasses import dataclass, field

import manifests
import yaml

CONFIGS = manifests.ROOT / "deploy" / "prometheus"


@dataclass
class Pod:
    name: str
    ip: str
    labels: dict
    containers: list  # as in the specification of a pod
    namespace: str = "shop"
    phase: str = "Running"
    node: str = "node-1"
    annotations: dict = field(default_factory=dict)

    def targets(self) -> list[dict]:
        host = f"[{self.ip}]" if ":" in self.ip else self.ip
        base = {
            "__meta_kubernetes_namespace": self.namespace,
            "__meta_kubernetes_pod_name": self.name,
            "__meta_kubernetes_pod_ip": self.ip,
            "__meta_kubernetes_pod_phase": self.phase,
            "__meta_kubernetes_pod_node_name": self.node,
            "__meta_kubernetes_pod_ready": "true" if self.phase == "Running" else "false",
        }
        for kind, values in (("label", self.labels), ("annotation", self.annotations)):
            for name, value in values.items():
                base[f"__meta_kubernetes_pod_{kind}_{sanitized(name)}"] = value
                base[f"__meta_kubernetes_pod_{kind}present_{sanitized(name)}"] = "true"
        for container in self.containers:
            for port in container.get("ports", []):
                yield {**base, "__address__": f"{host}:{port['containerPort']}",
                       "__meta_kubernetes_pod_container_name": container["name"],
                       "__meta_kubernetes_pod_container_port_name": port["name"],
                       "__meta_kubernetes_pod_container_port_number": str(port["containerPort"]),
                       "__meta_kubernetes_pod_container_port_protocol": port.get("protocol", "TCP")}


def sanitized(label: str) -> str:
    return re.sub(r"[^a-zA-Z0-9_]", "_", label)


def pod_of(workload: dict, name: str, ip: str, **more) -> Pod:
    template = workload["spec"]["template"]
    return Pod(name, ip, template["metadata"]["labels"], template["spec"]["containers"],
               annotations=template["metadata"].get("annotations", {}), **more)


def cluster() -> list[Pod]:
    """Pods as they occur together: runtimes of both charts, and everything that is easily taken for one."""
    old, new = (manifests.charts()[version] for version in ("0.2.26", "0.5.4"))
    runtime = manifests.only(new, "StatefulSet", "shop-buntime")
    turso = manifests.only(new, "StatefulSet", "shop-buntime-turso")
    busy = pod_of(runtime, "shop-buntime-2", "10.1.0.13")
    busy.containers = [
        busy.containers[0] | {"ports": [{"name": "http", "containerPort": 8000}, {"name": "debug", "containerPort": 6499}]},
        {"name": "proxy", "ports": [{"name": "admin", "containerPort": 9901}]},
    ]
    exporter = manifests.only(manifests.render("annotations"), "Deployment")
    return [
        pod_of(runtime, "shop-buntime-0", "10.1.0.11"),
        pod_of(runtime, "shop-buntime-1", "fd00:1::12", node="node-2"),
        busy,
        pod_of(manifests.only(old, "Deployment"), "buntime-6c9d-x2x4p", "10.1.0.14", namespace="legacy"),
        pod_of(runtime, "shop-buntime-9", "10.1.0.19", phase="Failed"),
        pod_of(runtime, "shop-buntime-8", "10.1.0.18", phase="Succeeded"),
        pod_of(turso, "shop-buntime-turso-0", "10.1.0.15"),
        Pod("shop-web", "10.1.0.16", {"app": "web"}, [{"name": "web", "ports": [{"name": "http", "containerPort": 8000}]}]),
        Pod("node-exporter", "10.1.0.17", {"app": "node"}, [{"name": "node", "ports": [
            {"name": "metrics", "containerPort": 9100}]}], annotations={"prometheus.io/scrape": "true"}),
        pod_of(exporter, "buntime-exporter-7d", "10.1.0.20", namespace="monitoring"),
        pod_of(exporter, "buntime-exporter-6e", "fd00:1::21", namespace="monitoring"),
        pod_of(exporter, "buntime-exporter-old", "10.1.0.22", namespace="monitoring", phase="Failed"),
    ]


def load(name: str) -> dict:
    return yaml.safe_load((CONFIGS / name).read_text())


def job(config: dict, name: str) -> dict:
    return next(item for item in config["scrape_configs"] if item["job_name"] == name)


def static(targets: list[dict]) -> list[dict]:
    """Targets as a static configuration, where labels of discovery are allowed, too."""
    return [{"targets": [target["__address__"]], "labels": {k: v for k, v in target.items() if k != "__address__"}}
            for target in targets]


def scraped(scrape_config: dict, targets: list[dict]) -> list[dict]:
    """The labels of the targets that are left of these, as Prometheus itself computes them."""
    config = {key: value for key, value in scrape_config.items() if not key.endswith("_sd_configs")}
    config["static_configs"] = static(targets)
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "prometheus.yml"
        path.write_text(json.dumps({"scrape_configs": [config]}))
        answers = ask(path, config["job_name"], len(targets))
    return [answer["labels"] for answer in answers if answer["labels"]]


def ask(path: pathlib.Path, name: str, count: int) -> list[dict]:
    """Each target that is discovered, and the labels it is left with: none where it is dropped."""
    answers = []
    # promtool waits as long as it is told, whatever it found by then: short first, longer on a machine that is busy.
    for seconds in (1, 5, 30):
        result = subprocess.run(["promtool", "check", "service-discovery", f"--timeout={seconds}s", str(path), name],
                                capture_output=True, text=True)
        assert result.returncode == 0, result.stdout + result.stderr
        answers = json.loads(result.stdout) or []
        if len(answers) == count:
            return answers
    raise AssertionError(f"{name}: {len(answers)} of {count} targets were discovered")


def public(labels: dict) -> dict:
    """What becomes labels of the series."""
    return {name: value for name, value in labels.items() if not name.startswith("__")}
