"""The last good data of a runtime that fails: served until they are too old, not a moment longer, never frozen."""

import time
import unittest

from programs import ProgramTest
from support import SANITIZED, TIME_FACTOR, eventually

DATA = ("buntime_pool_", "buntime_app_", "buntime_worker", "buntime_uptime_", "buntime_runtime_info",
        "buntime_ephemeral_", "buntime_heap_")
INTERVAL = 2 if SANITIZED else 0.5  # seconds
STALE_AFTER = 4 * INTERVAL


def data_of(page):
    return {key: value for key, value in page.samples.items() if key[0].startswith(DATA)}


class StalenessTest(ProgramTest):
    def start(self, *flags):
        self.sim = self.simulator("--warmup", "95s", "--speed", "0")
        exporter = self.exporter("--runtime.url", self.sim.url, "--poll.interval", f"{INTERVAL}s", *flags, fast=False)
        exporter.wait_until_up()
        return exporter

    def test_last_good_data_stay_as_they_were(self):
        exporter = self.start("--poll.stale-after", "10m")
        good = exporter.metrics()
        self.assertGreater(len(data_of(good)), 100)
        for fault, outcome in [("refuse", "connect"), ("html", "not_json"), ("status=500", "http_5xx")]:
            self.sim.fault(fault)
            eventually(lambda: exporter.metrics().outcome() == outcome)
            page = exporter.metrics()
            self.assertEqual(page.value("buntime_up"), 0)
            self.assertEqual(data_of(page), data_of(good))
            self.assertLess(page.value("buntime_last_success_timestamp_seconds"), time.time() - INTERVAL / 2)

    def test_they_end_when_they_are_too_old(self):
        exporter = self.start("--poll.stale-after", f"{STALE_AFTER}s")
        self.sim.fault("stall")
        eventually(lambda: exporter.metrics().value("buntime_up") == 0)
        last_seen = time.time()

        def gone():
            nonlocal last_seen
            asked = time.time()
            page = exporter.metrics()
            if not data_of(page):
                return page
            last_seen = asked
            return None

        page = eventually(gone)
        success = page.value("buntime_last_success_timestamp_seconds")
        ended = time.time() - success
        self.report(f"data ended {ended:.3f} s after the last success; --poll.stale-after is {STALE_AFTER} s")
        self.assertGreaterEqual(ended, STALE_AFTER - 0.05)
        self.assertLess(last_seen - success, STALE_AFTER + 0.5 * TIME_FACTOR)
        self.sim.clear()
        exporter.wait_until_up()
        self.assertGreater(len(data_of(exporter.metrics())), 100)


if __name__ == "__main__":
    unittest.main()
