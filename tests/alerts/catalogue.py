"""Checks of PromQL against what the exporter can export: metrics, labels, and the use of counters and gauges."""
import re

import lint
import promql
from alertlib import TARGET_LABELS
from promql import Aggregation, Binary, Call, Selector

# Metrics of Prometheus, cAdvisor and kube-state-metrics that the rules and runbooks read.
FOREIGN = re.compile(r"up|ALERTS|scrape_(duration_seconds|series_added|samples_scraped)|kube_\w+|container_\w+")
PARTS = {"summary": ("_sum", "_count"), "histogram": ("_sum", "_count", "_bucket")}

# Counters that may be read as they stand.
PLAIN_COUNTERS = {
    "buntime_uptime_seconds": "the age of a process is a value, not only a rate",
    "instance:buntime_workers_discarded:since_start": "begins again when the runtime starts again",
    "instance:buntime_workers_discarded:sum": "what the record above goes on from",
}
# What may be read over a range of a counter: rates, at how many scrapes it rose, and whether it exists.
COUNTER_FUNCTIONS = lint.RATE_FUNCTIONS | {"changes", "present_over_time"}


class Catalogue:
    def __init__(self, metrics, rules=()):
        self.metrics = metrics
        self.recorded = {rule.record: rule for rule in rules if rule.record}

    def find(self, name):
        """The entry a series name belongs to, and whether the series counts."""
        if name in self.metrics and self.metrics[name]["type"] in ("counter", "gauge"):
            return self.metrics[name], self.metrics[name]["type"] == "counter"
        for kind, suffixes in PARTS.items():
            for suffix in suffixes:
                entry = self.metrics.get(name.removesuffix(suffix)) if name.endswith(suffix) else None
                if entry and entry["type"] == kind:
                    return entry, True
        return None, False

    def labels(self, name):
        if name.startswith("buntime:"):  # a limit, which an operator may set for one app
            return lint.LabelSet({"app"}, only=True)
        if name in self.recorded:
            return lint.label_set(lint.tree(self.recorded[name]), lambda other: lint.LabelSet() if other == name else self.labels(other))
        entry, _ = self.find(name)
        if not entry:
            return lint.LabelSet()
        return lint.LabelSet({*entry["labels"], *TARGET_LABELS}, only=True)

    def complaints(self, expression, record=""):
        root = promql.parse(expression)
        for node, parents in promql.walk(root):
            if isinstance(node, Selector):
                yield from self._selector(node, parents, record)
            elif isinstance(node, Aggregation) and node.labels:
                inner = lint.label_set(node.args[-1], self.labels)
                # an optional target label may be absent; a label of the metric itself must exist
                for label in sorted(node.labels.set() - TARGET_LABELS):
                    if label not in inner:
                        yield f"{node.function} {node.labels.kind} ({label}): there is no such label"
            elif isinstance(node, Binary):
                yield from self._match(node)

    def _selector(self, node, parents, record):
        if not node.name or node.name in self.recorded:
            known = self.labels(node.name) if node.name else lint.LabelSet()
            counter = False
        elif FOREIGN.fullmatch(node.name):
            return
        else:
            entry, counter = self.find(node.name)
            if not entry:
                yield f"{node.name} is not in the catalogue"
                return
            known = self.labels(node.name)
        for label, *_ in node.matchers:
            if label not in known and label not in ("__name__", "le"):
                yield f"{node.name} has no label {label}"
        call = next((p.function for p in reversed(parents) if isinstance(p, Call)), "")
        counted = bool(parents) and isinstance(parents[-1], Aggregation) and parents[-1].function == "count"
        if counter and not counted and call not in COUNTER_FUNCTIONS and not {node.name, record} & set(PLAIN_COUNTERS):
            yield f"{node.name} is a counter and needs rate() or increase()"
        if not counter and call in lint.RATE_FUNCTIONS and node.window:
            yield f"{node.name} is a gauge, {call}() reads every fall of it as a restart"

    def _match(self, node):
        if lint.is_scalar(node.left) or lint.is_scalar(node.right) or node.op == "or":
            return
        if node.matching and node.matching.kind == "on":
            return
        sides = [lint.label_set(side, self.labels) for side in (node.left, node.right)]
        if not all(side.only for side in sides):
            return
        ignored = node.matching.set() if node.matching else set()
        different = (sides[0].names ^ sides[1].names) - ignored
        if different:
            yield f"{node.op}: the labels {sorted(different)} exist on one side only"
