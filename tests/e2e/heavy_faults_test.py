"""Faults that weigh megabytes or never end, one at a time: time and memory stay bounded, and the exporter answers
in the meantime."""

import itertools
import json
import time
import unittest

from client import fetch
from fake_runtime import json_answer
from programs import ProgramTest
from support import MEMORY_FACTOR, MIB, TIME_FACTOR, eventually

LIMIT = 16 * MIB  # --poll.max-body of these tests

# What each fault makes of a poll, words of the log, and how much memory it may take, in MiB.
HEAVY = {
    "endless-header": ("too_large", "64KiB of header", 48),
    "endless-body": ("too_large", "--poll.max-body", 96),
    "huge-body": ("too_large", "--poll.max-body", 48),
    "huge-body=15MiB": ("ok", "", 96),
    "gzip-bomb": ("too_large", "--poll.max-body", 96),
    "too-many-workers=20000": ("ok", "", 128),
}


class HeavyFaultsTest(ProgramTest):
    def test_each_alone(self):
        sim = self.simulator("--warmup", "30s")
        for spec, (outcome, words, most) in HEAVY.items():
            with self.subTest(fault=spec):
                self.live_through(sim, spec, outcome, words, most)

    def live_through(self, sim, spec, outcome, words, most):
        exporter = self.exporter("--runtime.url", sim.url, "--poll.interval", "2s", "--poll.max-body", str(LIMIT),
                                 fast=False)
        exporter.wait_until_up()
        sabotaged = sim.truth()["answers"]["sabotaged"]
        exporter.reset_peak_memory()
        sim.fault(spec)

        def polled_again():
            started = time.monotonic()
            self.assertEqual(exporter.get("/-/healthy").status, 200)
            self.assertLess(time.monotonic() - started, 3 * TIME_FACTOR, "health has to wait")
            page = exporter.metrics()
            self.assertGreater(sim.truth()["answers"]["sabotaged"], sabotaged)
            self.assertEqual(page.outcome(), outcome)
            self.assertTrue(outcome != "ok" or page.value("buntime_exporter_polls_total", outcome="ok") > 2)
            return page

        page = eventually(polled_again)
        resident, peak = exporter.memory()
        self.report(f"{spec}: {page.value('buntime_poll_duration_seconds'):.3f} s, "
                    f"resident {resident // MIB} MiB, at most {peak // MIB} MiB")
        self.assertLess(peak, most * MIB * MEMORY_FACTOR)
        self.assertLess(page.value("buntime_poll_duration_seconds"), 2.5 * TIME_FACTOR)
        if words:
            self.assertIn(words, exporter.log(outcome=outcome)[-1]["cause"])
        if spec.startswith("too-many-workers"):
            self.assertEqual(len(page.select("buntime_worker_requests_total")), 1000)
            self.assertEqual(page.value("buntime_exporter_workers_dropped"), 19000)
        sim.clear()
        exporter.wait_until_up()
        exporter.stop()

    def test_default_limit_stops_100_mebibytes(self):
        sim = self.simulator("--fault", "huge-body=100MiB")
        exporter = self.exporter("--runtime.url", sim.url, fast=False)
        eventually(lambda: exporter.metrics().outcome() == "too_large")
        self.assertIn("16MiB", exporter.log(outcome="too_large")[0]["cause"])
        self.assertLess(exporter.memory()[1], 48 * MIB * MEMORY_FACTOR)

    def test_apps_beyond_the_limit_are_one(self):
        """However many there are, and whatever they are called, the page stays small and the sum true."""
        polls = itertools.count(1)

        def answer(_request):
            poll = next(polls)
            workers = {f"app-{i}@1": {"requestCount": poll, "ageMs": 1000 * poll, "status": "active"} for i in range(500)}
            workers |= {f"new-{poll}-{i}@1": {"requestCount": 1, "ageMs": 1, "status": "active"} for i in range(500)}
            pool = {"hits": 1000 * poll, "misses": 0, "totalRequests": 1000 * poll, "uptimeMs": 1000 * poll}
            return json_answer(json.dumps({"pool": pool, "workers": workers}).encode())

        exporter = self.exporter("--runtime.url", self.fake_runtime(answer).url + "/stats", "--app.limit", "100")
        before = {}
        for _ in range(5):
            page = eventually(lambda: exporter.wait_until_up())
            apps = page.select("buntime_app_requests_total")
            self.assertEqual(len(apps), 101)
            for labels, value in before.items():
                self.assertGreaterEqual(apps[labels], value)
            before = apps
            self.assertEqual(page.value("buntime_exporter_apps_dropped"), 900)
            time.sleep(0.3 * TIME_FACTOR)

    def test_nesting_in_a_field_that_is_ignored(self):
        deep = b'{"pool":{"size":1},"extra":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
        runtime = self.fake_runtime(lambda request: json_answer(deep))
        exporter = self.exporter("--runtime.url", runtime.url)
        eventually(lambda: exporter.metrics().outcome() == "too_large")
        self.assertIn("16", exporter.log(outcome="too_large")[0]["cause"])

    def test_a_gigabyte_of_gzip_in_once_mode(self):
        sim = self.simulator("--fault", "gzip-bomb=1GiB")
        exporter, status = self.run_exporter("--runtime.url", sim.url, "--once")
        self.assertEqual(status, 1)
        self.assertIn('outcome="too_large"} 1\n', exporter.output())
        self.assertEqual(fetch(sim.control_url + "/control/truth").status, 200)


if __name__ == "__main__":
    unittest.main()
