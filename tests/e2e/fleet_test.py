"""Several runtimes in one exporter: each fails alone."""

import time
import unittest

from programs import ProgramTest
from support import TIME_FACTOR, eventually

RUNTIMES = 30
HANGING = 3
INTERVAL = 1 * TIME_FACTOR  # seconds


class FleetTest(ProgramTest):
    def start(self):
        sim = self.simulator("--warmup", "1m", "--runtimes", str(RUNTIMES), "--pool-size", "20")
        flags = [flag for index, url in enumerate(sim.urls) for flag in ("--runtime.url", f"r{index}={url}")]
        exporter = self.exporter(*flags, "--poll.interval", f"{INTERVAL}s", "--runtime.pool-size", "20", fast=False)
        exporter.wait_until_up(RUNTIMES)
        return sim, exporter

    @staticmethod
    def polls(page, outcome):
        return {dict(labels)["runtime"]: value
                for labels, value in page.select("buntime_exporter_polls_total", outcome=outcome).items()}

    def test_hanging_runtimes_do_not_hold_up_the_others(self):
        sim, exporter = self.start()
        for index in range(HANGING):
            sim.fault("stall", runtime=index)
        page = eventually(lambda: (page := exporter.metrics()).value("buntime_fleet_runtimes_up") == RUNTIMES - HANGING
                          and page)
        before, started = self.polls(page, "ok"), time.monotonic()
        time.sleep(8 * INTERVAL)  # what is looked at is a rate
        page = exporter.metrics()
        intervals = (time.monotonic() - started) / INTERVAL
        rises = {name: value - before[name] for name, value in self.polls(page, "ok").items()}
        for index in range(RUNTIMES):
            name = f"r{index}"
            if index < HANGING:
                self.assertEqual(rises[name], 0)
                self.assertGreater(self.polls(page, "timeout")[name], intervals / 2, "its return would be seen late")
            else:
                self.assertGreater(rises[name], intervals / 2, "held up by those that hang")
                self.assertLessEqual(rises[name], intervals + 1.5, "faster than its interval")
        for index in range(HANGING):
            sim.clear(runtime=index)
        eventually(lambda: exporter.metrics().value("buntime_fleet_runtimes_up") == RUNTIMES)

    def test_sums_are_those_of_the_runtimes(self):
        _, exporter = self.start()
        page = exporter.metrics()
        self.assertEqual(page.value("buntime_fleet_runtimes"), RUNTIMES)
        self.assertEqual(page.value("buntime_fleet_pool_size"), 20 * RUNTIMES)
        for name in ("size", "active", "idle", "total"):
            of_all = sum(page.select(f"buntime_pool_{name}").values())
            self.assertEqual(page.value(f"buntime_fleet_pool_{name}"), of_all, name)


if __name__ == "__main__":
    unittest.main()
