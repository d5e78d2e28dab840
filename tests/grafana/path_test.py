"""A person's path through an incident: the alert, the panel that its link opens, and from there the exporter's page.

The links are those of the cases in tests/alerts, which promtool has found true. Grafana is played: what it would put into the
queries of the panel is asked of the same series, and the links of the panel are followed to a real exporter.
"""
import json
import pathlib
import re
import tempfile
import unittest
import urllib.parse

import dashboards
import alertlib
from client import fetch
from programs import ProgramTest
from support import eventually

LABEL = re.compile(r"\$\{__field\.labels\.(\w+)(?::percentencode)?\}")


class Link:
    """The address that an alert carries, as Grafana reads it."""

    def __init__(self, url, boards):
        path, _, query = url.partition("?")
        chosen = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
        self.board = boards[path.removeprefix("/d/")]
        number = int(chosen.pop("viewPanel"))
        [self.panel] = [panel for panel in dashboards.panels(self.board) if panel["id"] == number]
        self.choice = {name.removeprefix("var-"): [value] if value else [] for name, value in chosen.items()}
        unknown = set(self.choice) - set(dashboards.variables(self.board))
        assert not unknown, f"the dashboard has no {unknown}"

    def queries(self):
        return [dashboards.expand(target["expr"], self.board, self.choice) for target in self.panel["targets"]]


def firings():
    """(case file, test, time, alert with its labels and annotations) of all that the cases let fire."""
    for path in alertlib.case_files():
        case = alertlib.load(path.read_text(encoding="utf-8"))
        for test in case["tests"]:
            for expectation in test.get("alert_rule_test", []):
                for alert in expectation.get("exp_alerts", []):
                    if "dashboard_url" in alert.get("exp_annotations", {}):
                        yield path, case, test, expectation["eval_time"], expectation["alertname"], alert


class PanelTest(unittest.TestCase):
    def test_the_panel_of_each_alert_shows_what_fires(self):
        boards, seen, cases = dashboards.load(), set(), {}
        kept = {rule.alert: rule.body["keep_firing_for"] for rule in alertlib.all_rules() if "keep_firing_for" in rule.body}
        for path, case, test, at, name, alert in firings():
            seen.add(name)
            link = Link(alert["exp_annotations"]["dashboard_url"], boards)
            condition = [query for query, target in zip(link.queries(), link.panel["targets"])
                         if target["legendFormat"].startswith("Condition")]
            self.assertEqual(1, len(condition), name)
            # Some alerts fire on for a while, and the panel shows what was.
            condition = [f"last_over_time(({query})[{kept[name]}:])" if name in kept else query for query in condition]
            asked = [{"expr": f"group({query})", "eval_time": at, "exp_samples": [{"labels": "{}", "value": 1}]}
                     for query in condition]
            cases.setdefault(path, (case, {}))[1].setdefault(id(test), (test, []))[1].extend(asked)
        self.assertEqual({rule.alert for rule in alertlib.all_rules() if rule.alert} - seen, set())
        with tempfile.TemporaryDirectory() as folder:
            for path, (case, tests) in cases.items():
                document = {key: value for key, value in case.items() if key != "tests"}
                document["rule_files"] = [str(alertlib.ALERTS / pathlib.Path(file).name) for file in case["rule_files"]]
                document["tests"] = [
                    {**{key: test[key] for key in ("name", "interval", "input_series", "external_labels") if key in test},
                     "promql_expr_test": asked} for test, asked in tests.values()]
                file = pathlib.Path(folder, path.name)
                file.write_text(alertlib.dump(document), encoding="utf-8")
                with self.subTest(path.name):
                    done = alertlib.promtool("test", "rules", file)
                    self.assertEqual(0, done.returncode, (done.stdout + done.stderr)[-6000:])


class PageTest(ProgramTest):
    def follow(self, panel, exporter, labels):
        """The addresses of the exporter's page that the lines of a panel lead to."""
        for link in panel["fieldConfig"]["defaults"]["links"]:
            if link["url"].startswith("${exporter:raw}/"):
                url = LABEL.sub(lambda match: urllib.parse.quote(labels[match[1]], safe=""), link["url"])
                yield url.replace("${exporter:raw}", exporter.url)

    def page(self, url):
        answer = fetch(url)
        self.assertEqual(answer.status, 200, url)
        self.assertIn("text/html", answer.headers["content-type"])
        return answer.text

    def test_lines_lead_to_the_page_of_their_runtime_or_app(self):
        sim = self.simulator("--warmup", "2m", "--release", "0.5.4", "--auth", "off")
        fleet = self.exporter("--runtime.url", f"blue={sim.url}", "--runtime.url", f"green={sim.url}")
        alone = self.exporter("--runtime.url", sim.url)
        app = eventually(lambda: json.loads(fetch(alone.url + "/api/view").text)["apps"])[0]["app"]
        found = set()
        for rule in (rule for rule in alertlib.all_rules() if rule.alert):
            board = dashboards.load()[re.match(r"/d/([\w-]+)", rule.body["annotations"]["dashboard_url"])[1]]
            number = re.search(r"viewPanel=(\d+)", rule.body["annotations"]["dashboard_url"])[1]
            [panel] = [panel for panel in dashboards.panels(board) if str(panel["id"]) == number]
            for exporter, runtime in ((alone, ""), (fleet, "green")):
                for url in self.follow(panel, exporter, {"runtime": runtime, "app": app}):
                    title = re.search(r"<title>(\w+)", self.page(url))[1]
                    # An app's line is the sum over runtimes: of several, one is to be chosen.
                    expected = "Overview" if "/app?" not in url else "App" if exporter is alone else "Targets"
                    self.assertEqual(title, expected, url)
                    found.add(title)
        self.assertEqual(found, {"Overview", "App", "Targets"})


if __name__ == "__main__":
    unittest.main()
