"""The committed files fit together: dashboards and their source, provisioning, and what the README says of them."""
import json
import re
import subprocess
import unittest

import dashboards
import alertlib

README = (dashboards.GRAFANA / "README.md").read_text(encoding="utf-8")


class FilesTest(unittest.TestCase):
    def test_dashboards_are_as_their_source(self):
        result = subprocess.run([dashboards.GRAFANA / "build.py", "--check"], capture_output=True, text=True, check=False)
        self.assertEqual(0, result.returncode, result.stdout + result.stderr)

    def test_the_limits_of_the_documents(self):
        """Up to 60 % green, from 80 % on red, where the rules have no other limit."""
        documented = [{"color": "text", "value": None}, {"color": "green", "value": 0}, {"color": "yellow", "value": 0.6}, {"color": "red", "value": 0.8}]
        title = "Pool utilization, mean of 5 minutes"
        found, = (panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
                  for panel in dashboards.panels(dashboards.load()["buntime-overview"]) if panel["title"] == title)
        self.assertEqual(found, documented)

    def test_files_are_named_after_their_uid(self):
        for path in dashboards.FOLDER.iterdir():
            self.assertIn(path.name, {f"{uid}.json" for uid in dashboards.UIDS})

    def test_only_what_is_imported_by_hand_can_be_changed(self):
        for uid, board in dashboards.load().items():
            path = dashboards.GRAFANA / "import" / f"{uid.removeprefix('buntime-')}.json"
            self.assertEqual(json.loads(path.read_text(encoding="utf-8")), {**board, "editable": True})
        self.assertEqual(len(list((dashboards.GRAFANA / "import").iterdir())), len(dashboards.UIDS))

    def test_provisioning_of_dashboards(self):
        document = alertlib.load((dashboards.GRAFANA / "provisioning/dashboards/buntime.yml").read_text(encoding="utf-8"))
        self.assertEqual(document["apiVersion"], 1)
        provider, = document["providers"]
        self.assertEqual((provider["type"], provider["allowUiUpdates"]), ("file", False))
        self.assertIn(provider["options"]["path"], README)

    def test_provisioning_of_the_data_source(self):
        document = alertlib.load((dashboards.GRAFANA / "provisioning/datasources/prometheus.yml").read_text(encoding="utf-8"))
        self.assertEqual(document["apiVersion"], 1)
        source, = document["datasources"]
        self.assertEqual((source["type"], source["isDefault"], source["editable"]), ("prometheus", True, False))
        # The dashboards choose among data sources of this kind.
        for dashboard in dashboards.load().values():
            self.assertEqual(dashboards.variables(dashboard, "datasource")["datasource"]["query"], source["type"])
        self.assertEqual(source["url"], "${PROMETHEUS_URL}")
        self.assertIn("PROMETHEUS_URL", README)

    def test_the_readme_names_every_dashboard_and_panels_that_exist(self):
        boards = dashboards.load()
        for uid, board in boards.items():
            self.assertIn(f"`{uid}`", README)
            self.assertIn(board["title"].partition(" / ")[2], README)
        titles = {panel["title"] for board in boards.values() for panel in dashboards.panels(board)}
        named = set(re.findall(r"^\| .+ \| \w[\w ]*: \*([^*|]+)\*", README, re.M))
        self.assertTrue(named)
        self.assertLessEqual(named, titles)


if __name__ == "__main__":
    unittest.main()
