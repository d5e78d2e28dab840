"""Damages the rules one place at a time and expects some test case to fail for each.

Mutants: an operand of and/or/unless dropped, a comparison turned round, a number halved or doubled, a matcher or a
grouping label dropped, minimum and maximum exchanged, `for` or `keep_firing_for` removed. A mutant that no case notices
is a survivor; SURVIVORS lists those that cannot be told from the original, each with the reason. The test fails for any
other survivor, and for an entry of the list that does get killed.

Usage: mutation_test.py [part of a rule's name]
"""
import concurrent.futures
import os
import pathlib
import re
import sys
import tempfile
from dataclasses import dataclass

import alertlib
import lint
import promql
from promql import Aggregation, Binary, Call, Number, Selector

FLIPPED = {">": "<", "<": ">", ">=": "<=", "<=": ">=", "==": "!=", "!=": "=="}
EXCHANGED = {"min_over_time": "max_over_time", "max_over_time": "min_over_time"}
REQUIRED_SCORE = 0.95

# Why no series can tell the mutant from the original.
ONE_IS_ENOUGH = "all sides of the match name the job; one of them is enough, and a reader expects all"
SURVIVORS = {
    "availability.yml: instance:buntime_up:max2m: max_over_time to min_over_time at 133":
        "reached only when no sample of the window is 1, and then both are 0",
    "availability.yml: instance:buntime_up:max2m: drop job='buntime' at 275": ONE_IS_ENOUGH,
    "availability.yml: instance:buntime_up:max2m: drop job='buntime' at 327": ONE_IS_ENOUGH,
    "exporter.yml: BuntimeExporterSeriesChurn: drop job='buntime|buntime-exporter' at 35": ONE_IS_ENOUGH,
    "exporter.yml: BuntimeExporterSeriesChurn: drop job='buntime|buntime-exporter' at 127": ONE_IS_ENOUGH,
    "exporter.yml: BuntimeExporterSeriesChurn: drop job='buntime|buntime-exporter' at 208": ONE_IS_ENOUGH,
}


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


def mutants(rules):
    for rule in rules:
        for key in ("for", "keep_firing_for"):
            if key in rule.body:
                yield Mutant(rule, {k: v for k, v in rule.body.items() if k != key}, f"remove {key}")
        expression = rule.body["expr"]
        for what, start, end, replacement in edits(expression):
            yield Mutant(rule, rule.body | {"expr": expression[:start] + replacement + expression[end:]}, what)


def invalid(todo):
    """What promtool says of mutants it cannot read: those would count as killed without any test."""
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory) / "mutants.yml"
        rules = [{"record": f"mutant:{number}:expr", "expr": mutant.body["expr"]} for number, mutant in enumerate(todo)]
        path.write_text(alertlib.yaml.safe_dump({"groups": [{"name": "mutants", "rules": rules}]}))
        result = alertlib.promtool("check", "rules", path)
        return result.stdout + result.stderr if result.returncode else ""


def reads(one, other):
    return other.record and any(node.name == other.record for node, _ in lint.nodes(one, Selector))


def grown(wanted, rules, related):
    """The wanted rules, all rules related to them, all rules related to those, and so on."""
    while more := [rule for rule in rules if not any(rule is w for w in wanted) and any(related(rule, w) for w in wanted)]:
        wanted = wanted + more
    return wanted


def scopes(rule, rules):
    """Sets of rules to try a mutant in: first the rule with what it reads, then also what is built upon it."""
    def all_named_alike(some):  # the cases speak of an alert by its name, and four rules share one
        return [other for other in rules if other.name in {one.name for one in some}]

    same = all_named_alike([rule])
    above = all_named_alike(grown(same, rules, reads))
    for wanted in [same] if len(above) == len(same) else [same, above]:
        yield {r.name for r in wanted}, grown(wanted, rules, lambda one, other: reads(other, one))


class Bench:
    """Everything that is the same for all mutants."""

    def __init__(self):
        self.documents = {path.name: alertlib.load(path.read_text()) for path in alertlib.rule_files()}
        self.rules = [rule for file, document in self.documents.items() for rule in alertlib.rules_of(document, file)]
        self.cases = [alertlib.load(path.read_text()) for path in alertlib.case_files()]

    def killed(self, mutant):
        """Whether some test fails. The cases of one rule file kill almost everything; those that load all rules are
        long, and come last."""
        for names, wanted in scopes(mutant.rule, self.rules):
            if self.fails(mutant, wanted, self.tests(mutant.rule, names, wanted, all_rules=False)):
                return True
        return self.fails(mutant, wanted, self.tests(mutant.rule, names, wanted, all_rules=True))

    def broken(self, wanted):
        """The rules, if a test fails although none of them is damaged."""
        available = {rule.name for rule in wanted}
        rule = wanted[0]
        tests = self.tests(rule, available, wanted, all_rules=False)
        return sorted(available) if self.fails(Mutant(rule, rule.body, ""), wanted, tests) else None

    def tests(self, rule, names, wanted, all_rules):
        """(case, test) for the tests that can tell: first those named after the rule, then the shortest."""
        available = {other.name for other in wanted}
        found = [(case, relevant(test, names, available)) for case in self.cases
                 if (len(case["rule_files"]) > 2) == all_rules and any(file.endswith("/" + rule.file) for file in case["rule_files"])
                 for test in case["tests"]]

        def order(entry):
            return -sum(word in entry[1]["name"] for word in (rule.name, *rule.labels.values())), length(entry[1])

        return sorted(((case, test) for case, test in found if test), key=order)

    def fails(self, mutant, wanted, tests):
        with tempfile.TemporaryDirectory() as directory:
            folder = pathlib.Path(directory)
            self.write_rules(folder, mutant, wanted)
            # one by one: promtool does not stop at the first test that fails
            for case, test in tests:
                files = [folder / pathlib.Path(file).name for file in case["rule_files"]]
                path = folder / "case"
                path.write_text(alertlib.yaml.safe_dump(
                    {**case, "tests": [test], "rule_files": [str(file) for file in files if file.exists()]}))
                if alertlib.promtool("test", "rules", path).returncode:
                    return True
        return False

    def write_rules(self, folder, mutant, wanted):
        for file, document in self.documents.items():
            groups = []
            for group in document["groups"]:
                rules = [mutant.body if body is mutant.rule.body else body for body in group["rules"]
                         if any(body is rule.body for rule in wanted)]
                if rules:
                    groups.append({**group, "rules": rules})
            (folder / file).write_text(alertlib.yaml.safe_dump({"groups": groups}))


def relevant(test, names, available):
    """The test with only those expectations that speak of one of the named rules, or nothing."""
    test = {**test, "alert_rule_test": [e for e in test.get("alert_rule_test", []) if e["alertname"] in names],
            "promql_expr_test": [e for e in test.get("promql_expr_test", []) if about(e, names, available)]}
    return test if test["alert_rule_test"] or test["promql_expr_test"] else None


def length(test):
    """Seconds that promtool has to play."""
    return max(promql.seconds(e["eval_time"]) for key in ("alert_rule_test", "promql_expr_test") for e in test[key])


def about(expectation, names, available):
    selectors = [node for node, _ in promql.walk(promql.parse(expectation["expr"])) if isinstance(node, Selector)]
    recorded = {node.name for node in selectors if ":" in node.name}
    alerts = {value for node in selectors for label, _, value, *_ in node.matchers if label == "alertname"}
    if not recorded and not alerts:
        # that no alert fires at all is also said of this one; that some do is not
        return not expectation.get("exp_samples")
    return recorded | alerts <= available and bool((recorded | alerts) & names)


def main():
    # many short runs beside each other: one processor for each, and little time for collecting garbage
    os.environ |= {"GOMAXPROCS": "1", "GOGC": "400"}
    bench = Bench()
    part = sys.argv[1] if len(sys.argv) > 1 else ""
    todo = [mutant for mutant in mutants(bench.rules) if part in mutant.rule.where]
    if complaint := invalid(todo):
        print(complaint)
        return 1
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        # rules that are not damaged must pass, or every mutant of them would seem killed
        sets = {frozenset(rule.where for rule in wanted): wanted
                for mutant in todo for _, wanted in scopes(mutant.rule, bench.rules)}
        broken = [names for names in pool.map(bench.broken, sets.values()) if names]
        if broken:
            print("fails without any damage:", *broken, sep="\n")
            return 1
        killed = list(pool.map(bench.killed, todo))
    survivors = [mutant.name for mutant, dead in zip(todo, killed) if not dead]
    unknown = [name for name in survivors if name not in SURVIVORS]
    wrong = [name for name in SURVIVORS if part in name and name not in survivors]
    score = sum(killed) / len(todo)
    print(f"{sum(killed)} of {len(todo)} mutants killed, score {score:.1%}")
    for name in survivors:
        print(f"survived: {name}\n    {SURVIVORS.get(name, 'no reason is known')}")
    for name in wrong:
        print(f"listed as a survivor, but killed or gone: {name}")
    return 1 if unknown or wrong or score < REQUIRED_SCORE else 0


if __name__ == "__main__":
    sys.exit(main())
