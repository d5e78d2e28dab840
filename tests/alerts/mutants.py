"""Everything that can be damaged in a rule, one place at a time."""
import re
from dataclasses import dataclass

import alertlib
import promql
from promql import Aggregation, Binary, Call, Number, Selector

FLIPPED = {">": "<", "<": ">", ">=": "<=", "<=": ">=", "==": "!=", "!=": "=="}
EXCHANGED = {"min_over_time": "max_over_time", "max_over_time": "min_over_time"}


@dataclass
class Mutant:
    rule: alertlib.Rule
    body: dict
    what: str

    @property
    def name(self):
        return f"{self.rule.where}: {self.what}"


def short(text):
    return re.sub(r"\s+", " ", text).strip()


def edits(expression):
    """(description, start, end, replacement) for every place of the expression that can be damaged."""
    def text(node):
        return expression[node.start:node.end]

    for node, _ in promql.walk(promql.parse(expression)):
        if isinstance(node, Binary):
            if node.op in promql.COMPARISONS:
                flipped = FLIPPED[node.op]
                yield f"{node.op} to {flipped} in {short(text(node))}", node.op_start, node.op_start + len(node.op), flipped
            if node.op in promql.SET_OPERATORS:
                yield f"drop {node.op} {short(text(node.right))}", node.start, node.end, kept(text(node), node, node.left)
            if node.op == "or":
                yield f"drop {short(text(node.left))} or", node.start, node.end, kept(text(node), node, node.right)
            yield from dropped_labels(node.matching)
        elif isinstance(node, Aggregation) and node.labels:
            yield from dropped_labels(node.labels)
        elif isinstance(node, Number) and float(node.text):
            for verb, factor in (("halve", 0.5), ("double", 2)):
                yield f"{verb} {node.text} at {node.start}", node.start, node.end, f"{float(node.text) * factor:g}"
        elif isinstance(node, Call) and node.function in EXCHANGED:
            yield (f"{node.function} to {EXCHANGED[node.function]} at {node.start}", node.start, node.function_end,
                   EXCHANGED[node.function])
        elif isinstance(node, Selector):
            for label, _, value, start, end in node.matchers:
                rest = re.match(r"\s*,?", expression[end:]).end()
                yield f"drop {label}={value!r} at {start}", start, end + rest, ""


def kept(text, node, side):
    """The operand that stays, in parentheses if the whole was, so that what surrounds it reads it as before."""
    return "(" + text[side.start - node.start:side.end - node.start] + ")"


def dropped_labels(labels):
    if labels and len(labels.names) > 1:
        names = [name for name, _, _ in labels.names]
        for name, start, end in labels.names:
            last = name == names[-1]
            yield f"drop {name} from {labels.kind} at {start}", labels.names[-2][2] if last else start, (
                end if last else next(s for n, s, _ in labels.names if s > start)), ""


def mutants(rule):
    for key in ("for", "keep_firing_for"):
        if key in rule.body:
            yield Mutant(rule, {k: v for k, v in rule.body.items() if k != key}, f"remove {key}")
    expression = rule.body["expr"]
    for what, start, end, replacement in edits(expression):
        yield Mutant(rule, rule.body | {"expr": expression[:start] + replacement + expression[end:]}, what)
