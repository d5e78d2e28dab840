"""Plays the test cases to damaged rules.

All mutants of a rule stand in one rule file, each with a number behind its name, together with everything that is built
on it; each expectation of a test is there once for each of them. So promtool plays a test once and says which of them
it has seen through. Number 0 is not damaged at all: a test that fails for it is no judge.
"""
import pathlib
import re
import tempfile

import alertlib
import lint
import promql
from promql import Selector


def reads(one, other):
    return other.record and any(node.name == other.record for node, _ in lint.nodes(one, Selector))


def grown(wanted, rules, related):
    """The wanted rules, all rules related to them, all rules related to those, and so on."""
    while more := [rule for rule in rules if not any(rule is w for w in wanted) and any(related(rule, w) for w in wanted)]:
        wanted = wanted + more
    return wanted


def scopes(rule, rules):
    """Sets of rules to try mutants in: first the rule with what it reads, then also what is built upon it. Of each the
    names that are numbered, and all rules."""
    def all_named_alike(some):  # the cases speak of an alert by its name, and four rules share one
        return [other for other in rules if other.name in {one.name for one in some}]

    same = all_named_alike([rule])
    above = all_named_alike(grown(same, rules, reads))
    for wanted in [same] if len(above) == len(same) else [same, above]:
        yield {r.name for r in wanted}, grown(wanted, rules, lambda one, other: reads(other, one))


class Numbered:
    """Names of rules with a number behind them."""

    def __init__(self, names):
        longest_first = "|".join(sorted(map(re.escape, names), key=len, reverse=True))
        self._name = re.compile(rf"(?<![\w:])({longest_first})(?![\w:])")
        self._marked = re.compile(rf"(?<![\w:])(?:{longest_first})Mutant(\d+)(?!\w)")
        self._any = f"(?:{longest_first})Mutant"

    def rename(self, text, number):
        return self._name.sub(rf"\1Mutant{number}", text)

    def numbers(self, text):
        return {int(number) for number in self._marked.findall(text)}

    def rule(self, body, number):
        key = "alert" if "alert" in body else "record"
        return body | {key: self.rename(body[key], number), "expr": self.rename(body["expr"], number)}

    def inputs(self, series, numbers):
        """A series of a rule's own name, such as the limit of one app, once for each number."""
        if self.rename(series["series"], 0) == series["series"]:
            return [series]
        return [series | {"series": self.rename(series["series"], number)} for number in numbers]

    def alert_expectation(self, expectation, number):
        return expectation | {"alertname": self.rename(expectation["alertname"], number)}

    def query_expectation(self, expectation, number):
        query = self.rename(expectation["expr"], number)
        if query == expectation["expr"]:  # that no alert at all fires is said of each
            query = query.replace("ALERTS{", f'ALERTS{{alertname=~"{self._any}{number}", ')
        samples = [sample | {"labels": self.rename(sample["labels"], number)} if "labels" in sample else sample
                   for sample in expectation.get("exp_samples") or []]
        return expectation | {"expr": query, "exp_samples": samples}


class Bench:
    """Everything that is the same for all mutants."""

    def __init__(self):
        self._documents = {path.name: alertlib.load(path.read_text()) for path in alertlib.rule_files()}
        self.rules = [rule for file, document in self._documents.items() for rule in alertlib.rules_of(document, file)]
        self._cases = [alertlib.load(path.read_text()) for path in alertlib.case_files()]

    def survivors(self, rule, mutants):
        """The mutants of the rule that no test notices. The cases of one rule file kill almost everything; those that
        load all rules are long, and come last."""
        left = {number: mutant.body for number, mutant in enumerate(mutants, 1)}
        for names, wanted in scopes(rule, self.rules):
            self._play(left, rule, names, wanted, self._tests(rule, names, wanted, all_rules=False))
        self._play(left, rule, names, wanted, self._tests(rule, names, wanted, all_rules=True))
        return [mutants[number - 1] for number in left]

    def _play(self, left, rule, names, wanted, tests):
        """Takes out of `left` whatever one of the tests notices."""
        numbered = Numbered(names)
        for case, test in tests:
            while left:
                output = self._output(rule, numbered, wanted, left | {0: rule.body}, case, test)
                noticed = numbered.numbers(output)
                if 0 in noticed:
                    raise AssertionError(f"{test['name']} fails for {rule.where} without any damage:\n{output[:2000]}")
                for number in noticed & left.keys():
                    del left[number]
                # a rule that cannot be evaluated ends the test, and nothing is known about the others
                if not re.search(r"^ +rule: ", output, re.M):
                    break

    def _output(self, rule, numbered, wanted, bodies, case, test):
        """What promtool complains of."""
        with tempfile.TemporaryDirectory() as directory:
            folder = pathlib.Path(directory)
            self._write_rules(folder, rule, numbered, wanted, bodies)
            files = [folder / pathlib.Path(file).name for file in case["rule_files"]]
            path = folder / "case"
            path.write_text(alertlib.dump(case | {
                "rule_files": [str(file) for file in files if file.exists()],
                "tests": [test | {
                    "input_series": [s for given in test["input_series"] for s in numbered.inputs(given, bodies)],
                    "alert_rule_test": [numbered.alert_expectation(e, n) for e in test["alert_rule_test"] for n in bodies],
                    "promql_expr_test": [numbered.query_expectation(e, n) for e in test["promql_expr_test"] for n in bodies]}]}))
            result = alertlib.promtool("test", "rules", path)
            output = result.stdout + result.stderr
            if result.returncode and not numbered.numbers(output):
                raise AssertionError(f"promtool fails with {test['name']}, and names no mutant:\n{output[:2000]}")
            return output if result.returncode else ""

    def _write_rules(self, folder, rule, numbered, wanted, bodies):
        for file, document in self._documents.items():
            groups = []
            for group in document["groups"]:
                rules = [copy for body in group["rules"] if any(body is one.body for one in wanted)
                         for copy in copies(body, rule, numbered, bodies)]
                if rules:
                    groups.append({**group, "rules": rules})
            (folder / file).write_text(alertlib.dump({"groups": groups}))

    def _tests(self, rule, names, wanted, all_rules):
        """(case, test) for the tests that can tell: first those named after the rule, then the shortest."""
        available = {other.name for other in wanted}
        found = [(case, relevant(test, names, available)) for case in self._cases
                 if (len(case["rule_files"]) > 2) == all_rules and any(file.endswith("/" + rule.file) for file in case["rule_files"])
                 for test in case["tests"]]

        def order(entry):
            return -sum(word in entry[1]["name"] for word in (rule.name, *rule.labels.values())), length(entry[1])

        return sorted(((case, test) for case, test in found if test), key=order)


def copies(body, rule, numbered, bodies):
    """The rule as it is, or once for each mutant if it is the damaged one or built upon it."""
    if numbered.rule(body, 0) == body:
        return [body]
    return [numbered.rule(damaged if body is rule.body else body, number) for number, damaged in bodies.items()]


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
        return "ALERTS{" in expectation["expr"] and not expectation.get("exp_samples")
    return recorded | alerts <= available and bool((recorded | alerts) & names)
