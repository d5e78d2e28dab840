"""What the tests of the alerts share: where the files are, how they are read, how promtool is called."""
import json
import os
import pathlib
import re
import subprocess
from dataclasses import dataclass

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
ALERTS = ROOT / "alerts"
RUNBOOKS = ALERTS / "runbooks"
CASES = pathlib.Path(__file__).resolve().parent / "cases"

# Labels that Prometheus, an operator or the exporter may put on any series of ours.
TARGET_LABELS = {"cluster", "namespace", "job", "instance", "runtime", "pod", "container", "endpoint", "node", "environment"}


class _StrictLoader(yaml.SafeLoader):
    """YAML lets a later key replace an earlier one; in a rule file that is a lost rule."""

    def construct_mapping(self, node, deep=False):
        keys = [self.construct_object(key, deep) for key, _ in node.value]
        duplicates = {key for key in keys if keys.count(key) > 1}
        if duplicates:
            raise yaml.constructor.ConstructorError(None, None, f"duplicate keys {sorted(duplicates)}", node.start_mark)
        return super().construct_mapping(node, deep)


def load(text):
    return yaml.load(text, _StrictLoader)


def dump(document):
    """JSON is YAML, and much faster to write."""
    return json.dumps(document)


@dataclass
class Rule:
    file: str
    group: str
    body: dict

    @property
    def alert(self):
        return self.body.get("alert")

    @property
    def record(self):
        return self.body.get("record")

    @property
    def name(self):
        return self.alert or self.record

    @property
    def labels(self):
        return self.body.get("labels", {})

    @property
    def where(self):
        extra = "".join(f" {value}" for key, value in self.labels.items() if key != "severity")
        return f"{self.file}: {self.name}{extra}"


def rules_of(document, file):
    return [Rule(file, group["name"], body) for group in document["groups"] for body in group["rules"]]


def rule_files():
    return sorted(ALERTS.glob("*.yml"))


def all_rules():
    return [rule for path in rule_files() for rule in rules_of(load(path.read_text()), path.name)]


def case_files():
    return sorted(CASES.glob("*.yml"))


def promtool(*arguments):
    # one processor for each run, and little time for collecting garbage: there are many runs, and they are short
    return subprocess.run(["promtool", *map(str, arguments)], capture_output=True, text=True,
                          env=os.environ | {"GOMAXPROCS": "1", "GOGC": "400"})


def metric_catalogue(exporter):
    """The metrics the exporter can export, as it prints them itself: {name: {"type": ..., "labels": [...]}}."""
    output = subprocess.run([exporter, "--metrics.list=json"], capture_output=True, text=True, check=True).stdout
    return {metric["name"]: metric for metric in json.loads(output)}


def queries(markdown):
    """The PromQL of a page: each block marked promql holds queries separated by empty lines."""
    blocks = re.findall(r"```promql\n(.*?)```", markdown, re.S)
    return [query.strip() for block in blocks for query in re.split(r"\n\s*\n", block) if query.strip()]
