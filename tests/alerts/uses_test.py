"""Every alert fires, and keeps silent, in the largest of installations as it does on bare Docker.

The cases describe one exporter and no more labels than it has itself. Here all of them are played again as a store of
two clusters sees them: each series exists in both, carries the labels that Kubernetes' targets have, and those of a
runtime the label that a fleet behind one exporter gives it. Each cluster must then show what the case expects of one:
a rule that loses a label, matches across clusters or cannot match any more shows something else.
"""
import pathlib
import re
import tempfile
import unittest

import alertlib
import promql

CLUSTERS = ("east", "west")
POD = {"pod": "p", "container": "buntime", "endpoint": "http", "node": "m"}
# What carries no runtime, whatever the exporter polls; and what has its own labels of Kubernetes.
OF_THE_EXPORTER = re.compile(r"up|scrape_\w+|process_\w+|buntime_fleet_\w+|buntime_exporter_(?!polls_total|workers_dropped)\w+")
OF_KUBERNETES = re.compile(r"(kube|container)_\w+")
# Alerts whose own cases tell clusters apart, and one without series.
ALREADY = {"BuntimeTargetsMissing", "BuntimeMemoryNearLimit", "BuntimeOOMKilled", "BuntimeAutoscalerBroken", "BuntimeLimitsMissing"}
# Long or of other rules; errors.yml has the same alerts as errors-long.yml.
LEFT_OUT = {"documented-rules.yml", "errors-long.yml", "limits-missing.yml", "scenarios.yml"}


def text(labels):
    return "{" + ", ".join(f'{name}="{value}"' for name, value in labels.items()) + "}"


def parsed(series):
    selector = promql.parse(series)
    return selector.name, {label: value for label, _, value, *_ in selector.matchers}


def enlarged(name, labels, cluster):
    if OF_KUBERNETES.fullmatch(name):
        return {"cluster": cluster} | labels
    runtime = {} if OF_THE_EXPORTER.fullmatch(name) else {"runtime": "r"}
    return {"cluster": cluster, "namespace": "n"} | POD | runtime | labels


class Use:
    """A test of a case, enlarged."""

    def __init__(self, test):
        series = [(*parsed(entry["series"]), entry["values"]) for entry in test["input_series"]]
        self.known = {label for _, labels, _ in series for label in labels}
        self.fired = set()
        queries = [self.query(e) for e in test.get("alert_rule_test", []) if e["alertname"] not in ALREADY]
        self.test = {key: test[key] for key in ("name", "interval", "external_labels") if key in test} | {
            "input_series": [{"series": name + text(enlarged(name, labels, cluster)), "values": values}
                             for name, labels, values in series for cluster in CLUSTERS],
            "promql_expr_test": queries}

    def query(self, expectation):
        alert = expectation["alertname"]
        added = sorted(({"namespace", "runtime"} | POD.keys()) - self.known)
        samples = []
        for found in expectation.get("exp_alerts", []):
            self.fired.add(alert)
            labels = {label: str(value) for label, value in found["exp_labels"].items()}
            samples += [{"labels": text({"alertname": alert, "alertstate": "firing", "cluster": cluster} | labels), "value": 1}
                        for cluster in CLUSTERS]
        # Which of the new labels an alert keeps depends on what it is about; that it fires once is what counts.
        return {"eval_time": expectation["eval_time"], "exp_samples": samples,
               "expr": f'sum without ({", ".join(added)}) (ALERTS{{alertname="{alert}", alertstate="firing"}})'}


def enlarge(case):
    uses = [Use(test) for test in case["tests"] if "cluster" not in test["input_series"][0]["series"]]
    document = {key: case[key] for key in case if key != "tests"} | {
        "rule_files": [str(alertlib.ALERTS / pathlib.Path(file).name) for file in case["rule_files"]],
        "tests": [use.test for use in uses if use.test["promql_expr_test"]]}
    return document, set().union(*(use.fired for use in uses))


class UsesTest(unittest.TestCase):
    def play(self, document):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "case.yml"
            path.write_text(alertlib.dump(document))
            return alertlib.promtool("test", "rules", path)

    def test_two_clusters_of_fleets(self):
        fired = set()
        for path in alertlib.case_files():
            if path.name not in LEFT_OUT:
                with self.subTest(path.name):
                    document, alerts = enlarge(alertlib.load(path.read_text()))
                    fired |= alerts
                    result = self.play(document)
                    self.assertEqual(0, result.returncode, result.stdout + result.stderr)
        self.assertEqual({rule.alert for rule in alertlib.all_rules() if rule.alert} - ALREADY, fired)

    def test_a_rule_that_mixes_clusters_is_noticed(self):
        document, _ = enlarge(alertlib.load((alertlib.CASES / "slow.yml").read_text()))
        rules = (alertlib.ALERTS / "slow-requests.yml").read_text()
        mixing = rules.replace("sum without (instance,", "sum without (cluster, instance,")
        self.assertNotEqual(rules, mixing)
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "slow-requests.yml"
            path.write_text(mixing)
            files = [str(path) if file.endswith(path.name) else file for file in document["rule_files"]]
            self.assertNotEqual(0, self.play(document | {"rule_files": files}).returncode)


if __name__ == "__main__":
    unittest.main()
