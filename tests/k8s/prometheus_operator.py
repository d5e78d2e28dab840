"""What Prometheus Operator makes of a PodMonitor: the configuration of a scrape, step by step in the operator's order.

A model, written from the operator's description of its objects, for what our monitors use. Prometheus itself then says
what these steps come to.
"""
from discovery import sanitized

KNOWN = {"namespaceSelector", "selector", "podTargetLabels", "sampleLimit", "labelLimit", "podMetricsEndpoints"}
NAMES = {"sourceLabels": "source_labels", "targetLabel": "target_label"}


def scrape_config(monitor: dict) -> dict:
    metadata, spec = monitor["metadata"], monitor["spec"]
    (endpoint,) = spec["podMetricsEndpoints"]
    unknown = set(spec) - KNOWN
    assert not unknown, f"the model does not know {unknown}"
    steps = [{"source_labels": ["__meta_kubernetes_pod_phase"], "regex": "Failed|Succeeded", "action": "drop"}]
    steps += _selection(spec["selector"])
    steps.append({"source_labels": ["__meta_kubernetes_pod_container_port_name"], "regex": endpoint["port"],
                  "action": "keep"})
    for source, target in (("namespace", "namespace"), ("pod_container_name", "container"), ("pod_name", "pod")):
        steps.append({"source_labels": [f"__meta_kubernetes_{source}"], "target_label": target})
    for label in spec.get("podTargetLabels", []):
        name = sanitized(label)
        steps.append({"source_labels": [f"__meta_kubernetes_pod_label_{name}"], "regex": "(.+)", "target_label": name})
    steps.append({"target_label": "job", "replacement": f"{metadata['namespace']}/{metadata['name']}"})
    steps.append({"target_label": "endpoint", "replacement": endpoint["port"]})
    steps += [{NAMES.get(key, key): value for key, value in step.items()} for step in endpoint["relabelings"]]
    config = {"job_name": "monitor", "metrics_path": endpoint["path"], "scrape_interval": endpoint["interval"],
              "scrape_timeout": endpoint["scrapeTimeout"], "relabel_configs": steps}
    return config | ({"params": endpoint["params"]} if "params" in endpoint else {})


def namespaces(monitor: dict) -> str | None:
    """The one namespace in which it looks for pods; None: in all."""
    return None if monitor["spec"].get("namespaceSelector") == {"any": True} else monitor["metadata"]["namespace"]


def _selection(selector: dict) -> list[dict]:
    steps = []
    for label, value in selector.get("matchLabels", {}).items():
        steps.append(_step(label, f"({value});true", "keep"))
    for expression in selector.get("matchExpressions", []):
        assert expression["operator"] == "DoesNotExist", f"the model does not know {expression['operator']}"
        steps.append({"source_labels": [f"__meta_kubernetes_pod_labelpresent_{sanitized(expression['key'])}"],
                      "regex": "true", "action": "drop"})
    return steps


def _step(label: str, regex: str, action: str) -> dict:
    name = sanitized(label)
    return {"source_labels": [f"__meta_kubernetes_pod_label_{name}", f"__meta_kubernetes_pod_labelpresent_{name}"],
            "regex": regex, "action": action}
