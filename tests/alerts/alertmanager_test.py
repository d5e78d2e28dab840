"""The Alertmanager configuration loads, routes by severity, and inhibits what another alert explains.

Inhibition is asked of a real Alertmanager on the loopback interface: amtool cannot answer it.
"""
import html
import json
import pathlib
import re
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.request

import alertlib

CONFIG = alertlib.ROOT / "deploy" / "alertmanager" / "alertmanager.yml"

HERE = {"cluster": "c", "namespace": "web", "job": "buntime"}
ONE = {**HERE, "instance": "a:8000", "runtime": "blue"}
OTHER = {**HERE, "instance": "a:8000", "runtime": "green"}

# (name of the case, alerts that fire, those of them that must be inhibited); an alert is (alertname, labels)
INHIBITION = [
    ("no targets", [("BuntimeTargetsMissing", {"cluster": "t", "job": "buntime"}),
                    ("BuntimeInstanceDown", {**ONE, "cluster": "t"}), ("BuntimeRestart", {**ONE, "cluster": "t"}),
                    ("BuntimeLimitsMissing", {"cluster": "t"}), ("BuntimeDown", {**HERE, "cluster": "t2"}),
                    ("BuntimeHighUtilization", {**ONE, "cluster": "t2"}),
                    ("BuntimePoolExhausted", {**ONE, "cluster": "t"})],
     {"BuntimeInstanceDown t", "BuntimeRestart t", "BuntimeLimitsMissing t"}),
    ("down", [("BuntimeDown", {**HERE, "cluster": "d"})] + [(name, {**ONE, "cluster": "d"}) for name in (
        "BuntimeInstanceDown", "BuntimeExporterDown", "BuntimeNoWorkers", "BuntimeRestart", "BuntimeHighUtilization")] + [
            ("BuntimeAppErrorBudgetBurn", {**HERE, "cluster": "d", "app": "shop", "severity": "critical"}),
            ("BuntimeExporterDown", {"cluster": "d", "namespace": "monitoring", "job": "buntime-exporter"}),
            ("BuntimeInstanceDown", {**ONE, "cluster": "d", "namespace": "api"})],
     {"BuntimeInstanceDown d web", "BuntimeExporterDown d web", "BuntimeNoWorkers d", "BuntimeRestart d",
      "BuntimeAppErrorBudgetBurn d"}),
    ("exhausted", [("BuntimePoolExhausted", {**ONE, "cluster": "e"}), ("BuntimeHighUtilization", {**ONE, "cluster": "e"}),
                   ("BuntimeEvictionChurn", {**ONE, "cluster": "e"}), ("BuntimeHighUtilization", {**OTHER, "cluster": "e"}),
                   ("BuntimeEphemeralQueueBacklog", {**ONE, "cluster": "e"})],
     {"BuntimeHighUtilization e blue", "BuntimeEvictionChurn e"}),
    ("no workers", [("BuntimeNoWorkers", {**ONE, "cluster": "n"})] + [(name, {**ONE, "cluster": "n"}) for name in (
        "BuntimeWorkersStuckCreating", "BuntimeWorkerStartFailures", "BuntimeWorkersNotServing")] + [
            ("BuntimeWorkersNotServing", {**OTHER, "cluster": "n"})],
     {"BuntimeWorkersStuckCreating n", "BuntimeWorkerStartFailures n", "BuntimeWorkersNotServing n blue"}),
    ("crash loop", [("BuntimeCrashLooping", {**ONE, "cluster": "l"}), ("BuntimeRestart", {**ONE, "cluster": "l"}),
                    ("BuntimeRestart", {**OTHER, "cluster": "l"})], {"BuntimeRestart l blue"}),
    ("queue", [("BuntimeEphemeralQueueNearLimit", {**ONE, "cluster": "q"}),
               ("BuntimeEphemeralQueueBacklog", {**ONE, "cluster": "q"}),
               ("BuntimeEphemeralQueueBacklog", {**OTHER, "cluster": "q"})], {"BuntimeEphemeralQueueBacklog q blue"}),
    ("budget", [("BuntimeAppErrorBudgetBurn", {**HERE, "cluster": "b", "app": "shop", "severity": "critical", "long_window": "1h"}),
                ("BuntimeAppErrorBudgetBurn", {**HERE, "cluster": "b", "app": "shop", "severity": "warning", "long_window": "1d"}),
                ("BuntimeAppErrorBudgetBurn", {**HERE, "cluster": "b", "app": "blog", "severity": "warning", "long_window": "1d"})],
     {"BuntimeAppErrorBudgetBurn b shop warning"}),
    ("new series", [("BuntimePoolExhausted", {**ONE, "cluster": "w"}),
                    ("BuntimeExporterSeriesChurn", {**HERE, "cluster": "w", "instance": "a:8000"}),
                    ("BuntimeExporterSeriesChurn", {**HERE, "cluster": "w", "instance": "b:8000"})],
     {"BuntimeExporterSeriesChurn w a:8000"}),
    ("bare Docker", [("BuntimePoolExhausted", {"job": "buntime", "instance": "a:8000"}),
                     ("BuntimeHighUtilization", {"job": "buntime", "instance": "a:8000"}),
                     ("BuntimeHighUtilization", {"job": "buntime", "instance": "b:8000"})],
     {"BuntimeHighUtilization a:8000"}),
]
# (what inhibits, what is inhibited, the labels that must be equal)
INSTANCE = ["cluster", "namespace", "job", "instance", "runtime"]
SCOPES = [
    ("BuntimeTargetsMissing critical", "BuntimeRestart info", ["cluster"]),
    ("BuntimeDown critical", "BuntimeInstanceDown warning", ["cluster", "namespace", "job"]),
    ("BuntimePoolExhausted critical", "BuntimeHighUtilization warning", INSTANCE),
    ("BuntimePoolExhausted critical", "BuntimeExporterSeriesChurn warning", ["cluster", "namespace", "job", "instance"]),
    ("BuntimeNoWorkers critical", "BuntimeWorkersNotServing warning", INSTANCE),
    ("BuntimeCrashLooping critical", "BuntimeRestart info", INSTANCE),
    ("BuntimeEphemeralQueueNearLimit critical", "BuntimeEphemeralQueueBacklog warning", INSTANCE),
    ("BuntimeAppErrorBudgetBurn critical", "BuntimeAppErrorBudgetBurn warning", ["cluster", "namespace", "job", "app"]),
    ("BuntimeAppErrorBudgetBurn critical", "BuntimeAppWorkersDying warning", ["cluster", "namespace", "job", "app"]),
]


def scope_cases():
    """For each scope: the source, a target that is equal, and targets that differ in one of the labels."""
    for number, (source, target, equal) in enumerate(SCOPES):
        base = {"cluster": f"scope-{number}", "namespace": "n", "job": "j", "instance": "i", "runtime": "r", "app": "a"}
        name, severity = source.split()
        yield {"alertname": name, "severity": severity, **base}, False
        name, severity = target.split()
        yield {"alertname": name, "severity": severity, "copy": "equal", **base}, True
        for label in equal:
            yield {"alertname": name, "severity": severity, "copy": label, **base, label: f"other-{number}"}, False


SEVERITY = {rule.alert: rule.labels["severity"] for rule in alertlib.all_rules() if rule.alert}


def templates(settings, key=""):
    """Every text of a receiver that is a template, with the name of the setting."""
    if isinstance(settings, str):
        if "{{" in settings:
            yield key, settings
    elif isinstance(settings, (dict, list)):
        for name, value in settings.items() if isinstance(settings, dict) else ((key, each) for each in settings):
            yield from templates(value, name)


def amtool(*arguments):
    return subprocess.run(["amtool", *map(str, arguments)], capture_output=True, text=True)


class ConfigurationTest(unittest.TestCase):
    def test_the_configuration_and_its_template_load(self):
        result = amtool("check-config", CONFIG)
        self.assertEqual(0, result.returncode, result.stderr)
        self.assertIn("1 templates", result.stdout)

    def test_the_template_makes_links(self):
        rule = next(rule for rule in alertlib.all_rules() if rule.alert)
        texts = rule.body["annotations"]
        absolute = {"runbook_url": "https://git.example/r.md", "dashboard_url": "https://grafana.example/d/b?var-job=a"}
        lines = self.rendered(texts).split("\n") + self.rendered(texts | absolute).split("\n")
        self.assertIn("Runbook: http://localhost:8080" + texts["runbook_url"], lines)
        self.assertIn("Dashboard: http://localhost:3000" + texts["dashboard_url"], lines)
        self.assertIn("Runbook: https://git.example/r.md", lines)
        self.assertIn("Dashboard: https://grafana.example/d/b?var-job=a", lines)

    def test_the_examples_of_receivers_show_both_links(self):
        receivers = {receiver["name"]: receiver for receiver in alertlib.load(CONFIG.read_text())["receivers"]}
        annotations = {"summary": "Every slot is busy.", "description": "It has been full.", "runbook_url": "/alerts/runbooks/A.md",
                       "dashboard_url": "/d/buntime-capacity?var-job=buntime&var-runtime=blue&viewPanel=3346"}
        links = {"http://localhost:8080" + annotations["runbook_url"], "http://localhost:3000" + annotations["dashboard_url"]}
        for name in ("slack", "pagerduty", "email"):
            (settings,), = (value for key, value in receivers[name].items() if key.endswith("_configs"))
            shown = [self.rendered(annotations, text, "html" if key == "html" else "text") for key, text in templates(settings)]
            pressed = {*shown, *(html.unescape(link) for text in shown for link in re.findall(r'href="([^"]+)"', text))}
            with self.subTest(name):
                self.assertIn(f"[FIRING] a: {annotations['summary']}", shown)
                self.assertLessEqual(links, pressed)
                for link in links:
                    self.assertTrue(any(link in text for text in shown if text != link), "the text does not have the link")

    def test_secrets_of_receivers_are_in_files(self):
        for key in re.findall(r"^ +-? *(\w*(?:key|password|api_url|secret|token)\w*):", CONFIG.read_text(), re.M):
            self.assertTrue(key.endswith("_file"), key)

    def rendered(self, annotations, text='{{ template "buntime.text" . }}', kind="text"):
        alert = {"status": "firing", "labels": {"alertname": "a", "severity": "info"}, "annotations": annotations}
        with tempfile.TemporaryDirectory() as directory:
            path = pathlib.Path(directory) / "data.json"
            path.write_text(json.dumps({"status": "firing", "receiver": "pager", "alerts": [alert], "groupLabels": {"alertname": "a"},
                                        "commonLabels": {"severity": "info"}, "commonAnnotations": annotations}))
            result = amtool("template", "render", f"--template.glob={CONFIG.parent}/*.tmpl", f"--template.data={path}",
                            f"--template.type={kind}", f"--template.text={text}")
        self.assertEqual(0, result.returncode, result.stderr)
        return result.stdout.removesuffix("\n")

    def test_every_severity_has_its_receiver(self):
        for severity, receiver in (("critical", "pager"), ("warning", "tickets"), ("info", "nobody"), ("", "tickets")):
            with self.subTest(severity):
                result = amtool("config", "routes", "test", f"--config.file={CONFIG}", f"--verify.receivers={receiver}",
                                f"severity={severity}", "alertname=BuntimeDown")
                self.assertEqual(0, result.returncode, result.stdout + result.stderr)

    def test_nobody_is_told_nothing(self):
        receivers = {r["name"]: r for r in alertlib.load(CONFIG.read_text())["receivers"]}
        self.assertEqual({"name"}, set(receivers.pop("nobody")))
        for receiver in receivers.values():
            self.assertGreater(len(receiver), 1, "an alert that is sent nowhere")

    def test_inhibition_names_alerts_that_exist(self):
        text = json.dumps(alertlib.load(CONFIG.read_text())["inhibit_rules"])
        for name in re.findall(r"Buntime[A-Z]\w+", text):
            self.assertIn(name, SEVERITY)


class InhibitionTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        cls.directory = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.directory.cleanup)
        cls.url = f"http://127.0.0.1:{port}/api/v2/alerts"
        log = open(pathlib.Path(cls.directory.name) / "log", "w")
        cls.addClassCleanup(log.close)
        process = subprocess.Popen(["prometheus-alertmanager", f"--config.file={CONFIG}", f"--storage.path={cls.directory.name}",
                                    f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="],
                                   stdout=log, stderr=log)
        cls.addClassCleanup(process.wait)
        cls.addClassCleanup(process.kill)
        cls.wait_for(cls.alerts, "Alertmanager did not start")
        cls.post([{"labels": labels} for _, fired, _ in INHIBITION for labels in map(cls.labels, fired)]
                 + [{"labels": labels} for labels, _ in scope_cases()])

    @staticmethod
    def wait_for(condition, message, seconds=20):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                if condition() is not False:
                    return
            except OSError:
                pass
            time.sleep(0.05)
        raise AssertionError(message)

    @staticmethod
    def labels(alert):
        name, labels = alert
        return {"alertname": name, "severity": SEVERITY[name], **labels}

    @classmethod
    def alerts(cls):
        with urllib.request.urlopen(cls.url, timeout=5) as answer:
            return json.load(answer)

    @classmethod
    def post(cls, alerts):
        request = urllib.request.Request(cls.url, json.dumps(alerts).encode(), {"Content-Type": "application/json"})
        urllib.request.urlopen(request, timeout=5).close()

    def states(self):
        """The state of every alert, once as many are inhibited as should be."""
        expected = sum(len(inhibited) for _, _, inhibited in INHIBITION) + len(SCOPES)
        self.wait_for(lambda: sum(a["status"]["state"] == "suppressed" for a in self.alerts()) >= expected,
                      "fewer alerts are inhibited than expected", seconds=10)
        return {json.dumps(a["labels"], sort_keys=True): a["status"]["state"] for a in self.alerts()}

    def test_scopes(self):
        state = self.states()
        for labels, inhibited in scope_cases():
            with self.subTest(labels):
                self.assertEqual("suppressed" if inhibited else "active", state[json.dumps(labels, sort_keys=True)])

    def test_every_rule_has_a_scope(self):
        self.assertEqual(len(SCOPES), len(alertlib.load(CONFIG.read_text())["inhibit_rules"]))

    def test_cases(self):
        state = self.states()
        for name, fired, inhibited in INHIBITION:
            for alert in fired:
                labels = self.labels(alert)
                # an alert is meant when all words of the expectation are among its labels
                meant = any(set(words.split()) <= set(labels.values()) for words in inhibited)
                with self.subTest(name, alert=labels):
                    self.assertEqual("suppressed" if meant else "active", state[json.dumps(labels, sort_keys=True)])


if __name__ == "__main__":
    unittest.main()
