"""alerts/generate.py makes links absolute and rules fit for older servers, and changes nothing else."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

import alertlib

PROGRAM = alertlib.ALERTS / "generate.py"
RUNBOOKS, GRAFANA = "https://git.example.org/monitoring/blob/main", "https://grafana.example.org/g"


class GenerateTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.folder = pathlib.Path(directory.name) / "new" / "rules"

    def generate(self, *flags, folder=None):
        return subprocess.run([sys.executable, "-B", PROGRAM, *flags, folder or self.folder], capture_output=True, text=True)

    def rules(self, *flags):
        result = self.generate(*flags)
        self.assertEqual("", result.stderr)
        self.assertEqual([path.name for path in alertlib.rule_files()], sorted(path.name for path in self.folder.iterdir()))
        check = alertlib.promtool("check", "rules", "--lint=all", "--lint-fatal", *sorted(self.folder.iterdir()))
        self.assertEqual(0, check.returncode, check.stdout + check.stderr)
        return [rule.body for path in sorted(self.folder.iterdir())
                for rule in alertlib.rules_of(alertlib.load(path.read_text()), path.name)]

    def test_without_flags_the_files_are_the_same(self):
        self.rules()
        for path in alertlib.rule_files():
            self.assertEqual(path.read_text(), (self.folder / path.name).read_text())

    def test_links_are_absolute(self):
        expected = []
        for rule in alertlib.all_rules():
            body = dict(rule.body)
            if rule.alert:
                texts = body["annotations"]
                body["annotations"] = texts | {"runbook_url": RUNBOOKS + texts["runbook_url"],
                                               "dashboard_url": GRAFANA + texts["dashboard_url"]}
            expected.append(body)
        # one of them ends with a slash, as people write it
        self.assertEqual(expected, self.rules("--runbook-base", RUNBOOKS, "--grafana-base", GRAFANA + "/"))

    def test_a_runbook_is_where_the_link_leads(self):
        for body in self.rules("--runbook-base", RUNBOOKS):
            if "alert" in body:
                path = body["annotations"]["runbook_url"].removeprefix(RUNBOOKS)
                self.assertTrue((alertlib.ROOT / path.lstrip("/")).is_file(), path)

    def test_rules_for_older_servers(self):
        kept = [{key: value for key, value in rule.body.items() if key != "keep_firing_for"} for rule in alertlib.all_rules()]
        self.assertNotEqual([rule.body for rule in alertlib.all_rules()], kept)
        self.assertEqual(kept, self.rules("--no-keep-firing"))

    def test_bad_addresses_are_refused(self):
        for text in ("grafana.example.org", "ftp://a.example", "https://", "https://a.example/?b", "https://a.example/#b",
                     "https://a.example/{{ b }}", "https://a.example/ b", "javascript:alert(1)"):
            with self.subTest(text):
                result = self.generate("--grafana-base", text)
                self.assertEqual(2, result.returncode)
                self.assertIn("is not an address like", result.stderr)
                self.assertFalse(self.folder.exists())

    def test_the_sources_are_not_replaced(self):
        result = self.generate("--no-keep-firing", folder=alertlib.ALERTS)
        self.assertEqual(2, result.returncode)
        self.assertIn("would replace", result.stderr)


if __name__ == "__main__":
    unittest.main()
