"""Which labels the result of an expression can have, and whether its value is a computed one."""
import promql
from promql import Aggregation, Binary, Call, Number, Selector, Subquery

ESTIMATES = {"rate", "irate", "increase", "delta", "deriv", "avg_over_time", "quantile_over_time"}


class LabelSet:
    """The labels a result can have: only the named ones, or any except the named ones."""

    def __init__(self, names=(), only=False):
        self.names, self.only = frozenset(names), only

    def __contains__(self, label):
        return (label in self.names) == self.only

    def keep(self, labels):
        return LabelSet({label for label in labels if label in self}, only=True)

    def drop(self, labels):
        return LabelSet(self.names - set(labels) if self.only else self.names | set(labels), self.only)

    def either(self, other):
        if self.only and other.only:
            return LabelSet(self.names | other.names, only=True)
        excluded = [s.names for s in (self, other) if not s.only]
        included = set().union(*(s.names for s in (self, other) if s.only))
        return LabelSet(frozenset.intersection(*excluded) - included)


def any_label(_):
    return LabelSet()


def label_set(node, of_metric=any_label):
    """The labels of a result; of_metric(name) says which labels a metric has."""
    if isinstance(node, Selector):
        return of_metric(node.name)
    if isinstance(node, Subquery):
        return label_set(node.child, of_metric)
    if isinstance(node, Aggregation):
        inner = label_set(node.args[-1], of_metric)
        if node.function in ("topk", "bottomk"):
            return inner  # they choose among series and merge none
        if node.labels is None:
            return LabelSet(only=True)
        return inner.keep(node.labels.set()) if node.labels.kind == "by" else inner.drop(node.labels.set())
    if isinstance(node, Call):
        if node.function == "absent":
            return LabelSet({m[0] for m in node.args[0].matchers if m[1] == "="}, only=True)
        if node.function == "label_replace":
            return label_set(node.args[0], of_metric).either(LabelSet({node.args[1].text.strip('"')}, only=True))
        vectors = [arg for arg in node.args if not isinstance(arg, (Number, promql.String))]
        return label_set(vectors[0], of_metric) if vectors and node.function not in ("scalar", "vector") else LabelSet(only=True)
    if isinstance(node, Binary):
        if node.op == "or":
            return label_set(node.left, of_metric).either(label_set(node.right, of_metric))
        if is_scalar(node.left) and node.op not in promql.SET_OPERATORS:
            return label_set(node.right, of_metric)
        left = label_set(node.left, of_metric)
        if node.op in promql.SET_OPERATORS or is_scalar(node.right) or node.matching is None or node.many:
            return left
        return left.keep(node.matching.set()) if node.matching.kind == "on" else left.drop(node.matching.set())
    return LabelSet(only=True)


def is_scalar(node):
    if isinstance(node, Binary):
        return is_scalar(node.left) and is_scalar(node.right)
    return isinstance(node, Number) or isinstance(node, Call) and node.function in ("scalar", "time")


def computed(node):
    """Whether the value of the result comes out of an average, a rate, or a division."""
    if isinstance(node, Binary):
        if node.op == "/":
            return True
        carrier = node.right if is_scalar(node.left) else node.left
        return computed(carrier) or node.op == "or" and computed(node.right)
    if isinstance(node, Selector):
        return ":ratio" in node.name or ":mean" in node.name or ":rate" in node.name
    if isinstance(node, Call):
        return node.function in ESTIMATES or any(computed(argument) for argument in node.args)
    return isinstance(node, Aggregation) and (node.function == "avg" or computed(node.args[-1]))
