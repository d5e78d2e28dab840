"""Which expressions have data, according to the catalogue of metrics that the exporter prints itself."""
import alertlib
import promql
from catalogue import Catalogue
from promql import Aggregation, Binary, Call, Selector, Subquery


class Presence:
    def __init__(self, exporter: str):
        rules = alertlib.all_rules()
        self.catalogue = Catalogue(alertlib.metric_catalogue(exporter), rules)
        self._trees = {name: promql.parse(rule.body["expr"]) for name, rule in self.catalogue.recorded.items()}

    def expected(self, expression: str, dialects: set[str], fleet: bool) -> bool:
        """Whether there is data where runtimes of these dialects are up, busy, and of known size."""
        return self._has(promql.parse(expression), dialects, fleet)

    def _has(self, node, dialects, fleet) -> bool:
        if isinstance(node, Selector):
            return self._metric(node, dialects, fleet)
        if isinstance(node, Binary):
            sides = [self._has(side, dialects, fleet) for side in (node.left, node.right)]
            return any(sides) if node.op == "or" else sides[0] if node.op == "unless" else all(sides)
        if isinstance(node, Aggregation):
            return self._has(node.args[-1], dialects, fleet)
        if isinstance(node, Call):
            if node.function in ("vector", "time", "scalar"):
                return True
            return all(self._has(argument, dialects, fleet) for argument in node.args)
        return self._has(node.child, dialects, fleet) if isinstance(node, Subquery) else True

    def _metric(self, node, dialects, fleet) -> bool:
        if node.name in self._trees:
            # A record that has lost the label `instance` is that of all runtimes, whichever were chosen.
            whole = not any(label == "instance" for label, *_ in node.matchers)
            return self._has(self._trees[node.name], {"documented", "released"} if whole else dialects, fleet)
        entry, _ = self.catalogue.find(node.name)
        if not entry:
            return True  # of Prometheus itself, or of others
        if node.name.startswith("buntime_fleet_"):
            return fleet
        own = not entry["documented"] and not entry["released"]
        return own or any(entry[dialect] for dialect in dialects)
