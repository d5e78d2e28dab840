"""Every alert has a test in which it fires and one in which it stays silent; every record has a test of its value."""
import re
import unittest

import alertlib
import lint
import promql


class Check:
    """One expectation of a test case: which rules it says fire, and which it says do not."""

    def __init__(self, file, test, rules):
        self.where = f"{file}: {test.get('name', '')}"
        series = {promql.parse(entry["series"]).name for entry in test["input_series"]}
        # a rule that has none of its series to look at is silent in a way that proves nothing
        self.fed = [rule for rule in rules if rule.alert and series & sources(rule, rules)]
        self.firing, self.silent, self.recorded = set(), set(), set()
        for expectation in test.get("alert_rule_test", []):
            found = [dict(alert["exp_labels"]) for alert in expectation.get("exp_alerts", [])]
            self.expect({"alertname": expectation["alertname"]}, found)
        for expectation in test.get("promql_expr_test", []):
            samples = [matchers(sample.get("labels", "{}")) for sample in expectation.get("exp_samples") or []]
            for node, _ in promql.walk(promql.parse(expectation["expr"])):
                if isinstance(node, promql.Selector) and node.name == "ALERTS":
                    wanted = {label: value for label, op, value, *_ in node.matchers if op == "="}
                    if wanted.pop("alertstate", None) == "firing":
                        self.expect(wanted, [wanted | sample for sample in samples])
                elif isinstance(node, promql.Selector) and samples:
                    name = node.name or next(value for label, _, value, *_ in node.matchers if label == "__name__")
                    self.recorded |= {rule.record for rule in rules if rule.record and re.fullmatch(name, rule.record)}
        # silence before or after the fire is not the silent case
        self.silent -= self.firing

    def expect(self, wanted, found):
        for rule in self.fed:
            own = {"alertname": rule.alert, **rule.labels}
            if any(wanted.get(label, own[label]) != own[label] for label in own):
                continue
            if any(all(labels.get(label, own[label]) == own[label] for label in own) for labels in found):
                self.firing.add(rule.where)
            elif not found:
                self.silent.add(rule.where)


def matchers(series):
    return {label: value for label, _, value, *_ in promql.parse(series).matchers}


def sources(rule, rules):
    """The metrics that the rule reads, through all records between. A record may read what it was before."""
    recorded = {other.record: other for other in rules if other.record}
    result = set()
    for node, _ in lint.nodes(rule, promql.Selector):
        result |= {node.name} | (
            sources(recorded[node.name], rules) if node.name in recorded and node.name != rule.record else set())
    return result


def missing(rules, cases):
    checks = [Check(file, test, rules) for file, case in cases for test in case["tests"]]
    firing = set().union(*(check.firing for check in checks))
    silent = set().union(*(check.silent for check in checks))
    recorded = set().union(*(check.recorded for check in checks))
    for rule in rules:
        if rule.alert and rule.where not in firing:
            yield f"{rule.where} never fires"
        if rule.alert and rule.where not in silent:
            yield f"{rule.where} is never silent"
        if rule.record and rule.record not in recorded and not rule.record.startswith("buntime:"):
            yield f"{rule.where} is never read"


class CoverageTest(unittest.TestCase):
    def setUp(self):
        self.rules = alertlib.all_rules()
        self.cases = [(path.name, alertlib.load(path.read_text())) for path in alertlib.case_files()]

    def test_every_rule_is_tested_both_ways(self):
        self.assertEqual([], list(missing(self.rules, self.cases)))
        alerts = sum(bool(rule.alert) for rule in self.rules)
        print(f"{alerts} of {alerts} alert rules have a firing and a silent test, in {sum(len(c['tests']) for _, c in self.cases)} tests")

    def test_every_test_has_a_name(self):
        for file, case in self.cases:
            for test in case["tests"]:
                self.assertTrue(test.get("name"), file)

    def test_a_missing_test_is_noticed(self):
        case = dict(self.cases)["pool.yml"]
        for verb, complaint in (("fires", "is never silent"), ("is silent", "never fires")):
            only = [test for test in case["tests"] if test["name"].startswith(f"BuntimeEvictionChurn {verb}")]
            self.assertTrue(only)
            complaints = list(missing(self.rules, [("pool.yml", {"tests": only})]))
            churn = [text for text in complaints if "BuntimeEvictionChurn" in text]
            self.assertEqual([f"buntime-pool.yml: BuntimeEvictionChurn {complaint}"], churn)

    def test_a_test_without_the_series_of_the_alert_does_not_count(self):
        empty = {"name": "", "input_series": [], "alert_rule_test": [{"eval_time": "1m", "alertname": "BuntimeEvictionChurn"}]}
        self.assertIn("buntime-pool.yml: BuntimeEvictionChurn is never silent",
                      list(missing(self.rules, [("pool.yml", {"tests": [empty]})])))


if __name__ == "__main__":
    unittest.main()
