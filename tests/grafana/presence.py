"""Which expressions have data, according to the catalogue of metrics that the exporter prints itself."""
from dataclasses import dataclass

import alertlib
import promql
from catalogue import Catalogue
from promql import Aggregation, Binary, Call, Selector, Subquery


@dataclass(frozen=True)
class Sight:
    """What a choice of variables shows."""
    dialects: set[str]  # of runtimes that are up, busy, and of known size
    fleet: bool = False  # an exporter that polls several runtimes
    exporter: bool = True  # the exporter's own series; /probe has none of them


class Presence:
    def __init__(self, exporter: str):
        rules = alertlib.all_rules()
        self.catalogue = Catalogue(alertlib.metric_catalogue(exporter), rules)
        self._reading: list[str] = []
        self._trees = {name: promql.parse(rule.body["expr"]) for name, rule in self.catalogue.recorded.items()}

    def expected(self, expression: str, sight: Sight) -> bool:
        return self._has(promql.parse(expression), sight)

    def _has(self, node, sight: Sight) -> bool:
        if isinstance(node, Selector):
            return self._metric(node, sight)
        if isinstance(node, Binary):
            sides = [self._has(side, sight) for side in (node.left, node.right)]
            return any(sides) if node.op == "or" else sides[0] if node.op == "unless" else all(sides)
        if isinstance(node, Aggregation):
            return self._has(node.args[-1], sight)
        if isinstance(node, Call):
            if node.function in ("vector", "time", "scalar"):
                return True
            return all(self._has(argument, sight) for argument in node.args)
        return self._has(node.child, sight) if isinstance(node, Subquery) else True

    def _metric(self, node: Selector, sight: Sight) -> bool:
        if node.name in self._reading:
            return False  # a record that goes on from itself begins with something else
        if node.name in self._trees:
            # A record that has lost the label `instance` is that of all runtimes, whichever were chosen.
            whole = not any(label == "instance" for label, *_ in node.matchers) and sight.dialects
            self._reading.append(node.name)
            try:
                return self._has(self._trees[node.name], Sight({"documented", "released"}) if whole else sight)
            finally:
                self._reading.pop()
        entry, _ = self.catalogue.find(node.name)
        if not entry:
            # Those of Prometheus itself are everywhere; an alert is about a runtime.
            return node.name != "ALERTS" or bool(sight.dialects)
        if node.name.startswith("buntime_fleet_"):
            return sight.fleet
        if entry["documented"] or entry["released"]:
            return any(entry[dialect] for dialect in sight.dialects)
        counts_polls = node.name.startswith(("buntime_exporter_polls", "buntime_exporter_anomalies"))
        return sight.exporter and (bool(sight.dialects) or not counts_polls)
