"""Texts and colours that values get, as Grafana's own library @grafana/data works them out of the dashboards."""
import json
import os
import pathlib
import subprocess
import unittest

import dashboards

HERE = pathlib.Path(__file__).resolve().parent
MODULES = dashboards.ROOT / "tests" / "npm" / "node_modules"
LIMIT = [{"value": 0.01, "color": "red"}]
DAY = 86400
# Dashboard, panel, series, value, thresholds of the data -> text and colour.
LOOKS = [
    ("overview", "Runtimes up", "up", 0, None, "0", "red"),
    ("overview", "Runtimes up", "up", 3, None, "3", "green"),
    ("overview", "Runtimes down", "down", 1, None, "1", "red"),
    ("overview", "Firing alerts", "Critical", 1, None, "1", "red"),
    ("overview", "Firing alerts", "Warning", 1, None, "1", "orange"),
    ("overview", "Firing alerts", "Critical", 0, None, "0", "green"),
    ("overview", "Requests", "requests", 0.5, None, "0.500 req/s", "text"),
    # Without the rules no limit is known, and nothing is too much.
    ("overview", "Failed requests", "Failed", 0.02, None, "2%", "green"),
    ("overview", "Failed requests", "Failed", 0.02, LIMIT, "2%", "red"),
    ("overview", "Failed requests", "Failed", 0.002, LIMIT, "0.200%", "green"),
    ("overview", "Uptime", "hours", 30.25, None, "30.3 h", "green"),
    ("overview", "Uptime", "hours", 0.25, None, "0.3 h", "orange"),
    ("overview", "Pool utilization, mean of 5 minutes", "blue", 0.7, None, "70%", "yellow"),
    ("overview", "Pool utilization, mean of 5 minutes", "blue", 0.7, [{"value": 0.65, "color": "red"}], "70%", "red"),
    ("overview", "Up and down", "blue", 1, None, "up", "green"),
    ("overview", "Up and down", "blue", 0, None, "down", "red"),
    ("capacity", "Full in", "days", 2, None, "2 days", "red"),
    ("capacity", "Full in", "days", 35, None, "5 weeks", "green"),
    ("capacity", "Free slots, smallest pool", "free", 0, None, "0", "red"),
    ("exporter", "Certificate ends in", "left", -DAY, None, "-1 day", "red"),
    ("exporter", "Certificate ends in", "left", 90 * DAY, None, "12.9 weeks", "green"),
    ("exporter", "Configuration", "good", 1, None, "good", "green"),
    ("exporter", "Configuration", "good", 0, None, "failed", "red"),
    ("apps", "Error budget left", "app", 0, None, "0%", "red"),
    ("workers", "Discarded since the start", "Discarded", 20000, [{"value": 10000, "color": "red"}], "20 K", "red"),
]
NOTHING = {"Full in": "not growing", "Certificate ends in": "no TLS", "Failed requests": "only released runtimes report it",
           "Pool size": "the size of the pool is unknown", "Restarts": "none"}


class ValuesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.boards = dashboards.load()
        cls.panels = {(uid.removeprefix("buntime-"), panel["title"]): panel for uid, board in cls.boards.items()
                      for panel in dashboards.panels(board)}
        cls.single = {where: panel for where, panel in cls.panels.items() if panel["type"] in ("stat", "gauge", "bargauge")}
        cls.apps = {where: panel for where, panel in cls.panels.items() if panel["type"] == "timeseries" and
                    [target["legendFormat"] for target in panel["targets"]][0] == "{{app}}"}
        questions = [(panel, "", None, None) for panel in cls.single.values()]
        questions += [(cls.panels[board, title], name, value, limits) for board, title, name, value, limits, *_ in LOOKS]
        questions += [(panel, name, 1, None) for name in ("shop", "blog") for panel in cls.apps.values()]
        done = subprocess.run(["node", HERE / "values.cjs"], capture_output=True, text=True, check=False, env={
            **os.environ, "NODE_PATH": str(MODULES)}, input=json.dumps([
                dict(zip(("panel", "name", "value", "thresholds"), question)) for question in questions]))
        if done.returncode:
            raise RuntimeError(done.stderr)
        cls.said = json.loads(done.stdout)
        cls.answers = iter(cls.said["answers"])
        cls.of_nothing = dict(zip(cls.single, cls.answers))
        cls.of_values = [next(cls.answers) for _ in LOOKS]
        cls.of_apps = {name: [next(cls.answers) for _ in cls.apps] for name in ("shop", "blog")}

    def test_the_schema_is_the_current_one(self):
        for uid, board in self.boards.items():
            with self.subTest(uid):
                self.assertEqual(board["schemaVersion"], self.said["schemaVersion"])

    def test_values(self):
        for (board, title, name, value, _, text, color), answer in zip(LOOKS, self.of_values):
            with self.subTest(f"{board}: {title}", value=value):
                self.assertEqual((answer["text"], answer["color"]), (text, self.said["colors"][color]))

    def test_no_data_is_said_in_words_and_without_alarm(self):
        self.assertGreater(len(self.of_nothing), 20)
        for (board, title), answer in self.of_nothing.items():
            with self.subTest(f"{board}: {title}"):
                expected = self.single[board, title]["fieldConfig"]["defaults"]["noValue"]
                self.assertEqual(answer["text"], NOTHING.get(title, expected))
                self.assertNotEqual(answer["text"], "No data")
                if self.single[board, title]["type"] != "bargauge":
                    self.assertEqual(answer["color"], self.said["colors"]["text"])

    def test_an_app_has_one_colour_everywhere(self):
        self.assertGreater(len(self.apps), 8)
        for name, answers in self.of_apps.items():
            with self.subTest(name):
                self.assertEqual(1, len({answer["color"] for answer in answers}))
        self.assertNotEqual(self.of_apps["shop"][0]["color"], self.of_apps["blog"][0]["color"])

    def test_units_are_known_to_grafana(self):
        for (board, title), panel in self.panels.items():
            with self.subTest(f"{board}: {title}"):
                unit = panel["fieldConfig"]["defaults"]["unit"]
                self.assertTrue(unit in self.said["units"] or unit.startswith("suffix:"), unit)


if __name__ == "__main__":
    unittest.main()
