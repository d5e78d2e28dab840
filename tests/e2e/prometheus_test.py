"""A real Prometheus scrapes the real exporter while runtimes work, restart and lose workers; what PromQL answers is
compared with what the simulator says it really did.

The load stops before each restart, until the exporter has seen everything: what a runtime does between the last poll
and its death, nobody can know.
"""

import json
import math
import subprocess
import time
import unittest

from programs import ProgramTest
from prometheus_server import Prometheus, by_app, falls, rises
from support import SANITIZED, binary, eventually

INTERVAL = "1s" if SANITIZED else "250ms"
RELEASES = {"released": "0.2.26", "documented": "documented"}
ROUNDS = 3
LOAD_SECONDS = 4
# Promised by the runtime's documents, although the linter dislikes them.
KNOWN_COMPLAINTS = {'buntime_pool_total non-counter metrics should not have "_total" suffix',
                    'buntime_fleet_pool_total non-counter metrics should not have "_total" suffix',
                    'buntime_uptime_seconds counter metrics should have "_total" suffix'}


class PrometheusTest(ProgramTest):
    def test_stored_numbers_are_true(self):
        self.start()
        self.begin()
        for number in range(ROUNDS):
            self.work()
            self.check_exporter()
            self.restart(down="1s" if number == 1 else None)
        self.work()
        self.check_exporter()
        self.end()
        with self.subTest("app totals"):
            self.check_app_totals()
        with self.subTest("pool counters"):
            self.check_pool_counters()
        with self.subTest("restarts"):
            self.check_restarts()
        with self.subTest("the target was up"):
            self.check_target()
        with self.subTest("every metric of the catalogue"):
            self.check_catalogue()
        with self.subTest("sums of the fleet"):
            self.check_sums_of_the_fleet()
        with self.subTest("promtool"):
            self.check_promtool()
        with self.subTest("counters that the runtime forgets"):
            self.check_forgotten_workers()
        with self.subTest("a runtime that is gone"):
            self.check_gone_runtime()

    # The course of events.

    def start(self):
        self.sims = {}
        urls = []
        for name, release in RELEASES.items():
            sim = self.simulator("--release", release, "--warmup", "90s", "--rps", "100", "--ephemeral-rps", "3",
                                 "--max-requests", "1000000")  # what a dropped worker had to do can only be estimated
            sim.control("load", rps=0, ephemeral_rps=0)
            self.sims[name] = sim
            urls += ["--runtime.url", f"{name}={sim.url}"]
        hostile = self.simulator("--fault", "hostile-names", "--warmup", "30s")
        self.exp = self.exporter(*urls, "--runtime.url", f"hostile={hostile.url}", "--runtime.pool-size", "50",
                                 "--poll.interval", INTERVAL, fast=False)
        self.exp.wait_until_up(3)
        self.prom = self.adopt(Prometheus(self.exp.url, INTERVAL, self.folder())).wait_until_ready()
        eventually(lambda: self.prom.query("up"))

    def begin(self):
        self.wait_until_quiet()
        self.at_first = {name: self.world(name) for name in RELEASES}
        self.exported_first = {name: self.exported(name) for name in RELEASES}
        self.wait_until_stored()
        self.began = time.time()
        self.wait_until_stored()  # the first samples of the window have to show the quiet

    def end(self):
        self.wait_until_stored()
        self.ended = time.time()
        self.at_last = {name: self.world(name) for name in RELEASES}
        self.window = f"{math.ceil(self.ended - self.began)}s"

    def work(self):
        for sim in self.sims.values():
            sim.control("load", rps=150, ephemeral_rps=5)
        began = {name: self.world(name)["time_seconds"] for name in RELEASES}
        for name, sim in self.sims.items():
            eventually(lambda: self.world(name)["time_seconds"] > began[name] + LOAD_SECONDS / 2)
            sim.control("event", name="burst=10")
            sim.control("event", name="evict=2")
            eventually(lambda: self.world(name)["time_seconds"] > began[name] + LOAD_SECONDS)
        for sim in self.sims.values():
            sim.control("load", rps=0, ephemeral_rps=0)
        self.wait_until_quiet()

    def restart(self, down):
        workers = {dict(labels)["worker"] for labels in self.prom.query(
            'buntime_worker_requests_total{runtime="documented"}')}
        self.assertGreater(len(workers), 5)
        self.wait_until_stored()
        for name, sim in self.sims.items():
            restarts = self.world(name)["restarts"]
            sim.control("restart", **({"down": down} if down else {}))
            self.assertEqual(self.world(name)["restarts"], restarts + 1)
            if down:
                eventually(lambda: self.prom.total(f'buntime_up{{runtime="{name}"}}') == 0)
            eventually(lambda: self.prom.total(f'buntime_up{{runtime="{name}"}}') == 1
                       and self.prom.total(f'buntime_uptime_seconds{{runtime="{name}"}}')
                       <= self.world(name)["uptime_seconds"])
        eventually(lambda: len(self.exp.log(msg="runtime restarted")) % 2 == 0)

        def dead_workers_have_ended():
            alive = {dict(labels)["worker"] for labels in self.prom.query(
                'buntime_worker_requests_total{runtime="documented"}')}
            self.assertEqual(alive & workers, set())
            return True

        eventually(dead_workers_have_ended)

    # What is known, and where.

    def world(self, name):
        return self.sims[name].truth()["worlds"][0]

    def served(self, name, field="requests"):
        """(app, version) -> really served since the simulation began."""
        return {(app["app"], "" if app["version"] is None else app["version"]): app[field]
                for app in self.world(name)["apps"]}

    def exported(self, name, metric="buntime_app_requests_total"):
        return by_app(self.exp.metrics().select(metric, runtime=name))

    def wait_until_quiet(self):
        """No request is under way, and the exporter has polled since the last one ended."""
        def quiet():
            before = {name: self.served(name) for name in RELEASES}
            for world in map(self.world, RELEASES):
                self.assertEqual(world["sent"], world["ok"] + world["failed"] + world["rejected"])
            polls = self.polls()
            eventually(lambda: all(now > then + 1 for then, now in zip(polls, self.polls())))
            return before == {name: self.served(name) for name in RELEASES}

        eventually(quiet, deadline=30)

    def polls(self):
        page = self.exp.metrics()
        return [page.value("buntime_exporter_polls_total", runtime=name, outcome="ok") for name in RELEASES]

    def wait_until_stored(self):
        """Prometheus has what the exporter says. Two scrapes, so that a window that ends here holds it."""
        scrapes = self.prom.total("count_over_time(up[10m])")
        eventually(lambda: self.prom.total("count_over_time(up[10m])") >= scrapes + 2)

        def stored():
            for name in RELEASES:
                exported = self.exported(name)
                self.assertEqual(by_app(self.prom.query(f'buntime_app_requests_total{{runtime="{name}"}}')), exported)
            return True

        eventually(stored)

    # What has to be true.

    def tolerance(self, name):
        """How far an app's requests may be off: by what the exporter calls an estimate, and by the two ttl=0 requests in
        flight, which the pool's counters of the released dialect cannot tell from a lost one."""
        estimated = self.exported(name, "buntime_app_requests_estimated_total")
        in_flight = 2 if name == "released" else 0
        return {app: in_flight + estimated.get(app, 0) for app in self.exported(name)}

    def check_exporter(self):
        """The exporter's totals rose by what was served. The sum of all apps is no estimate: the pool counts it."""
        for name in RELEASES:
            before = {(app["app"], app["version"]): app["requests"] for app in self.at_first[name]["apps"]}
            truth = {app: count - before.get(app, 0) for app, count in self.served(name).items()}
            tolerance = self.tolerance(name)
            now = self.exported(name)
            rose = {app: now[app] - self.exported_first[name].get(app, 0) for app in now}
            for app in rose:
                self.assertAlmostEqual(rose[app], truth[app], delta=tolerance[app], msg=f"{app} {name}")
            # Two ttl=0 requests that were taken for lost ones are set off against later losses, until a restart.
            lives = 1 + self.world(name)["restarts"]
            self.assertAlmostEqual(sum(rose.values()), sum(truth.values()), delta=2 * lives, msg=name)
            self.assertLess(sum(tolerance.values()) - 2 * len(tolerance), 0.02 * sum(truth.values()) + 1, name)

    def check_app_totals(self):
        for name in RELEASES:
            for metric, field in [("buntime_app_requests_total", "requests"), ("buntime_app_errors_total", "errors"),
                                  ("buntime_app_request_duration_seconds_sum", "duration_seconds")]:
                if name == "documented" and field != "requests":
                    continue  # not reported in this dialect
                first, last = ({(app["app"], app["version"]): app[field] for app in world[name]["apps"]}
                               for world in (self.at_first, self.at_last))
                last_requests = self.served(name)
                # Errors of apps with ttl=0 are unknown to the runtime.
                mute = {(app["app"], app["version"]) for app in self.at_last[name]["apps"]
                        if app["ephemeral"] and field == "errors"}
                truth = {app: last[app] - first[app] for app in last.keys() - mute}
                samples = self.prom.query(f'{metric}{{runtime="{name}"}}[{self.window}]', self.ended)
                summed = by_app({labels: rises(values) for labels, values in samples.items()})
                summed = {app: rise for app, rise in summed.items() if app not in mute}
                self.assertEqual(summed.keys(), truth.keys())
                tolerance = self.tolerance(name)
                for app, rise in summed.items():
                    # Durations are seconds: an estimated request takes what others of its app took, give or take.
                    delta = 0 if field == "errors" else tolerance[app] * (
                        1 if field == "requests" else 4 * truth[app] / max(1, last_requests[app]))
                    self.assertAlmostEqual(rise, truth[app], delta=delta + 1e-6, msg=f"{name} {metric} {app}")
                increase = self.prom.total(f'sum(increase({metric}{{runtime="{name}"}}[{self.window}]))', self.ended)
                self.report(f"{name} {metric}: truth {sum(truth.values()):.6g}, samples "
                            f"{sum(summed.values()):.6g}, increase() {increase:.6g}")
                self.assertAlmostEqual(increase, sum(truth.values()), delta=0.05 * sum(truth.values()) + 1)
                self.assertEqual(sum(falls(values) for values in samples.values()), 0)

    def check_pool_counters(self):
        """These go on when the runtime restarts; its uptime tells that it did."""
        for metric, field in [("buntime_pool_requests_total", "pool_requests"), ("buntime_pool_hits_total", "hits"),
                              ("buntime_pool_misses_total", "misses"), ("buntime_pool_evictions_total", "evictions"),
                              ("buntime_workers_created_total", "workers_created"),
                              ("buntime_workers_failed_total", "workers_failed"),
                              ("buntime_workers_retired_total", "workers_retired")]:
            found = self.prom.query(f'{metric}{{runtime="released"}}[{self.window}]', self.ended)
            samples = next(iter(found.values()))
            self.assertEqual(rises(samples), self.at_last["released"][field] - self.at_first["released"][field], metric)
        self.assertEqual(self.prom.total(f'resets(buntime_pool_requests_total{{runtime="released"}}[{self.window}])',
                                         self.ended), 0)

    def check_restarts(self):
        for name in RELEASES:
            truth = self.at_last[name]["restarts"] - self.at_first[name]["restarts"]
            self.assertEqual(truth, ROUNDS)
            self.assertEqual(self.prom.total(f'resets(buntime_uptime_seconds{{runtime="{name}"}}[{self.window}])',
                                             self.ended), truth)
            self.assertEqual(len(self.exp.log(msg="runtime restarted", runtime=name)), ROUNDS)

    def check_target(self):
        self.assertEqual(self.prom.total(f"min_over_time(up[{self.window}])", self.ended), 1)
        lowest = self.prom.query(f"min_over_time(buntime_up[{self.window}])", self.ended)
        self.assertEqual({dict(labels)["runtime"]: value for labels, value in lowest.items()},
                         {"released": 0, "documented": 0, "hostile": 1})
        scrapes = self.prom.total(f"count_over_time(up[{self.window}])", self.ended)
        self.report(f"{scrapes:.0f} scrapes in {self.window}, "
                    f"{self.prom.total('max(scrape_duration_seconds)') * 1000:.1f} ms the last one, "
                    f"{self.prom.total('scrape_samples_scraped'):.0f} samples")

    def check_catalogue(self):
        exporter, _ = self.run_exporter("--metrics.list=json")
        suffixes = {"summary": ["_sum", "_count"], "histogram": ["_bucket", "_sum", "_count"]}
        for metric in json.loads(exporter.output()):
            if metric["name"] in ("buntime_exporter_web_certificate_expiry_timestamp_seconds",
                                  "buntime_exporter_probes_total"):
                continue  # only with TLS, and with modules of /probe
            for name in [metric["name"] + suffix for suffix in suffixes.get(metric["type"], [""])]:
                if name.startswith("buntime_fleet_") or not metric["released"] + metric["documented"]:
                    self.assertTrue(self.prom.query(name), name)
                    continue
                for dialect in RELEASES:
                    found = self.prom.query(f'{name}{{runtime="{dialect}"}}')
                    self.assertEqual(bool(found), bool(metric[dialect]), f"{name} in the {dialect} dialect")
                    labels = {label for series in found for label, _ in series} - {"runtime"}
                    self.assertLessEqual(labels, set(metric["labels"]), name)
        known = {metric["name"] for metric in json.loads(exporter.output())}
        self.assertLessEqual(self.exp.metrics().families.keys(), known, "metrics that the catalogue does not know")

    def check_sums_of_the_fleet(self):
        self.assertEqual(self.prom.total("buntime_fleet_runtimes"), 3)
        self.assertEqual(self.prom.total("sum(buntime_fleet_runtimes_up) - sum(buntime_up)"), 0)
        for name in ("size", "active", "idle", "total"):
            self.assertEqual(self.prom.total(f"sum(buntime_fleet_pool_{name}) - sum(buntime_pool_{name})"), 0, name)

    def check_promtool(self):
        page = self.exp.get("/metrics").body
        check = subprocess.run([binary("PROMTOOL"), "check", "metrics"], input=page, capture_output=True, check=False)
        complaints = set(check.stderr.decode().splitlines() + check.stdout.decode().splitlines())
        self.assertEqual(complaints - KNOWN_COMPLAINTS, set())

    def check_forgotten_workers(self):
        """A worker is dropped, and its counters with it, although the runtime runs on: nothing falls or is lost."""
        began = time.time()
        self.sims["released"].control("event", name="crash=4")
        self.check_exporter()
        self.work()
        self.assertEqual(self.world("released")["drops"], 4)
        self.wait_until_stored()
        self.check_exporter()
        now = time.time()
        for metric in ("buntime_worker_requests_total", "buntime_worker_errors_total", "buntime_app_requests_total",
                       "buntime_app_request_duration_seconds_sum", "buntime_pool_requests_total"):
            samples = self.prom.query(f'{metric}{{runtime="released"}}[{math.ceil(now - began)}s]', now)
            self.assertTrue(samples)
            self.assertEqual({labels for labels, values in samples.items() if falls(values)}, set(), metric)

    def check_gone_runtime(self):
        self.sims["documented"].fault("refuse")
        eventually(lambda: not self.prom.query('{runtime="documented",__name__=~"buntime_(pool|app|worker|uptime).*"}'
                                               ' or buntime_runtime_info{runtime="documented"}'))
        self.assertEqual(self.prom.total('buntime_up{runtime="documented"}'), 0)
        self.assertEqual(self.prom.total('buntime_poll_outcome{runtime="documented",outcome="connect"}'), 1)
        self.assertEqual(self.prom.total("up"), 1)


if __name__ == "__main__":
    unittest.main()
