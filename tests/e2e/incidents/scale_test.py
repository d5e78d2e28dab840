"""The lab's rules are the real rules: nothing but times differs, and every time does."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1] / "alerts")]

import alertlib  # noqa: E402
import promql  # noqa: E402
import scale  # noqa: E402

FACTOR = 60


def tokens(text):
    return [(match.lastgroup, match[match.lastgroup]) for match in promql.TOKEN.finditer(text)]


def pairs():
    for path in alertlib.rule_files():
        document = alertlib.load(path.read_text())
        scaled = scale.rules(document, FACTOR)
        yield from zip(alertlib.rules_of(document, path.name), alertlib.rules_of(scaled, path.name), strict=True)


class ScaleTest(unittest.TestCase):
    def test_every_duration_is_scaled(self):
        count = 0
        for before, after in pairs():
            for (kind, old), (_, new) in zip(tokens(before.body["expr"]), tokens(after.body["expr"]), strict=True):
                if kind == "duration":
                    self.assertAlmostEqual(promql.seconds(old), promql.seconds(new) * FACTOR, msg=before.where)
                    count += 1
            for key in ("for", "keep_firing_for"):
                if key in before.body:
                    self.assertAlmostEqual(promql.seconds(before.body[key]), promql.seconds(after.body[key]) * FACTOR)
        self.assertGreater(count, 80)

    def test_only_the_listed_numbers_change(self):
        changed = {}
        for before, after in pairs():
            for (kind, old), (_, new) in zip(tokens(before.body["expr"]), tokens(after.body["expr"]), strict=True):
                if kind == "number" and old != new:
                    changed[before.name, old] = float(new) / float(old)
        self.assertEqual(changed.keys(), scale.SECONDS | scale.PER_SECOND)
        for key, ratio in changed.items():
            self.assertAlmostEqual(ratio, 1 / FACTOR if key in scale.SECONDS else FACTOR, msg=key)

    def test_nothing_else_changes(self):
        for before, after in pairs():
            rest = [{key: value for key, value in rule.body.items() if key not in ("expr", "for", "keep_firing_for")}
                    for rule in (before, after)]
            self.assertEqual(*rest)
            self.assertEqual(before.body.keys(), after.body.keys())
            self.assertEqual(*[[token for token in tokens(rule.body["expr"]) if token[0] not in ("duration", "number")]
                               for rule in (before, after)], before.where)

    def test_factor_one_changes_no_meaning(self):
        for path in alertlib.rule_files():
            document = alertlib.load(path.read_text())
            for before, after in zip(alertlib.rules_of(document, path.name),
                                     alertlib.rules_of(scale.rules(document, 1), path.name), strict=True):
                self.assertEqual(*[[(kind, promql.seconds(text) if kind == "duration" else text)
                                    for kind, text in tokens(rule.body["expr"])] for rule in (before, after)])

    def test_an_unknown_number_is_refused(self):
        with self.assertRaisesRegex(promql.Error, "number of seconds"):
            scale.expression("BuntimeDown", "up > 17", FACTOR)

    def test_a_group_with_an_interval_is_refused(self):
        with self.assertRaisesRegex(promql.Error, "interval"):
            scale.rules({"groups": [{"name": "g", "interval": "1m", "rules": []}]}, FACTOR)

    def test_prometheus_accepts_the_result(self):
        with tempfile.TemporaryDirectory() as folder:
            paths = []
            for path in alertlib.rule_files():
                target = pathlib.Path(folder) / path.name
                target.write_text(alertlib.yaml.safe_dump(scale.rules(alertlib.load(path.read_text()), FACTOR)))
                paths.append(str(target))
            check = subprocess.run(["promtool", "check", "rules", *paths], capture_output=True, text=True, check=False)
            self.assertEqual(check.returncode, 0, check.stderr)

    def test_alertmanager(self):
        document = alertlib.load((alertlib.ROOT / "deploy" / "alertmanager" / "alertmanager.yml").read_text())
        scaled = scale.alertmanager(document, FACTOR, "http://receiver", "/templates")
        self.assertEqual(scaled["inhibit_rules"], document["inhibit_rules"])
        self.assertEqual([route.get("matchers") for route in scaled["route"]["routes"]],
                         [route.get("matchers") for route in document["route"]["routes"]])
        self.assertEqual([scaled["route"][key] for key in scale.ROUTE_TIMES], ["500ms", "5000ms", "720000ms"])
        self.assertEqual({entry["name"] for entry in scaled["receivers"]}, {entry["name"] for entry in document["receivers"]})
        self.assertEqual([entry["webhook_configs"] for entry in scaled["receivers"] if "webhook_configs" in entry],
                         [[{"url": "http://receiver/pager"}], [{"url": "http://receiver/tickets"}]])


if __name__ == "__main__":
    unittest.main()
