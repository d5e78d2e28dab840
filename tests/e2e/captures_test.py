"""What two released runtimes really answered, served again in its order: every scraped value against the raw JSON."""

import json
import os
import unittest

from fake_runtime import json_answer
from oracle import Oracle, difference
from programs import ProgramTest
from support import eventually

CAPTURES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "fixtures", "captures")


class CapturesTest(ProgramTest):
    def test_release_0_2_26(self):
        self.replay("0.2.26", "/metrics/api/stats", "api", "1.1.0")

    def test_release_0_5_4(self):
        self.replay("0.5.4", "/metrics/admin/stats", "admin", "1.4.0")

    def replay(self, release, path, layout, version):
        folder = os.path.join(CAPTURES, release)
        names = sorted(name for name in os.listdir(folder) if name.startswith("stats-"))
        self.assertGreaterEqual(len(names), 40)
        self.body = b""

        def answer(request):
            if request[0] == path:
                return json_answer(self.body)
            if request[0] == "/api/health":
                return json_answer(json.dumps({"version": version}).encode())
            return 200, {"Content-Type": "text/html"}, b"<html></html>"

        oracle = Oracle("released")
        exporter = None
        for name in names:
            with open(os.path.join(folder, name), "rb") as file:
                self.body = file.read()
            if exporter is None:
                runtime = self.fake_runtime(answer)
                exporter = self.exporter("--runtime.url", runtime.url, "--poll.interval", "100ms",
                                         "--poll.stale-after", "1m", fast=False)
                page = exporter.wait_until_up()
            expected = oracle.take(json.loads(self.body))
            eventually(lambda: self.assertEqual(difference(expected, exporter.metrics()), [], name) or True)
        page = exporter.metrics()
        self.assertEqual(page.value("buntime_runtime_info", layout=layout, dialect="released", version=version), 1)
        self.assertEqual(sum(page.select("buntime_exporter_anomalies_total").values()), 0)


if __name__ == "__main__":
    unittest.main()
