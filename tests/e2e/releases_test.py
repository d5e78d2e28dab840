"""One flag is enough, whichever Buntime answers: the three layouts, prefixes, upgrades under way, and keys."""

import json
import threading
import time
import unittest

from client import fetch
from fake_runtime import json_answer
from oracle import Oracle, difference
from programs import ProgramTest
from support import SANITIZED, TIME_FACTOR, eventually

KEY = "k3y-0f-an-4dmin"
RELEASES = {"0.2.26": ("api", "released"), "documented": ("documented", "documented"), "0.5.4": ("admin", "released")}
STATS = {"0.2.26": "/metrics/api/stats", "documented": "/metrics/api/metrics/stats", "0.5.4": "/metrics/admin/stats"}
FROZEN = ["--speed", "0", "--warmup", "95s"]  # a world that has lived, and now stands still to be compared with
INTERVAL = ["--poll.interval", "2s" if SANITIZED else "500ms"]


class ReleasesTest(ProgramTest):
    def setUp(self):
        self.key_file = self.write("key", KEY + "\n")

    def flags_of(self, release):
        return ["--api-key-file", self.key_file] if release == "0.5.4" else []

    def release(self, name, *flags):
        return self.simulator("--release", name, *self.flags_of(name), *flags)

    def key(self, release):
        return ["--runtime.api-key-file", self.key_file] if release == "0.5.4" else []

    def check_page(self, release, sim, page, prefix=""):
        """Every pool, app and worker series is what the raw answer says, and there is no other."""
        layout, dialect = RELEASES[release]
        headers = {"X-API-Key": KEY}
        stats = json.loads(fetch(sim.url + prefix + STATS[release], headers=headers).text)
        oracle = Oracle(dialect)
        if dialect == "documented":
            oracle.summary = json.loads(fetch(sim.url + prefix + STATS[release].removesuffix("stats")).text)
        self.assertEqual(difference(oracle.take(stats), page), [])
        info = dict(next(iter(page.select("buntime_runtime_info"))))
        self.assertEqual(info, {"layout": layout, "dialect": dialect, "version": sim.version()})

    def wait_until_known(self, exporter, **labels):
        return eventually(lambda: exporter.metrics().select("buntime_runtime_info", **labels)
                          and exporter.wait_until_up())

    def asked(self, runtime):
        return [path for path, _ in runtime.requests]

    def test_url_alone(self):
        for release in RELEASES:
            for unknown in ("page", "404"):
                with self.subTest(release=release, unknown_paths=unknown):
                    sim = self.release(release, *FROZEN, "--unknown-path", unknown)
                    exporter = self.exporter("--runtime.url", sim.url, *self.key(release))
                    self.check_page(release, sim, exporter.wait_until_up())

    def test_compressed_answers(self):
        sim = self.release("0.2.26", *FROZEN, "--gzip")
        exporter = self.exporter("--runtime.url", sim.url)
        self.check_page("0.2.26", sim, exporter.wait_until_up())

    def test_other_shapes_of_workers(self):
        for release, shape in [("0.2.26", "array"), ("documented", "object")]:
            with self.subTest(release=release, shape=shape):
                sim = self.release(release, *FROZEN, "--workers-shape", shape)
                exporter = self.exporter("--runtime.url", sim.url)
                self.check_page(release, sim, exporter.wait_until_up())

    def test_url_of_the_stats(self):
        for release, path in STATS.items():
            with self.subTest(release=release):
                sim = self.release(release, *FROZEN)
                exporter = self.exporter("--runtime.url", sim.url + path, *self.key(release))
                self.check_page(release, sim, exporter.wait_until_up())

    def test_prefix_before_the_plugin(self):
        for release in RELEASES:
            for url, base in [("/deep/down", "/metrics"), ("/deep/down/", "/metrics"), ("", "/deep/down/metrics"),
                              ("/deep", "/down/metrics/")]:
                with self.subTest(release=release, url=url, base=base):
                    sim = self.release(release, *FROZEN, "--plugin-base", "/deep/down/metrics")
                    exporter = self.exporter("--runtime.url", sim.url + url, "--runtime.plugin-base", base,
                                             *self.key(release))
                    page = exporter.wait_until_up()
                    layout, dialect = RELEASES[release]
                    self.assertEqual(page.value("buntime_runtime_info", layout=layout, dialect=dialect), 1)

    def test_plugin_at_the_root(self):
        sim = self.simulator(*FROZEN, "--plugin-base", "")
        exporter = self.exporter("--runtime.url", sim.url, "--runtime.plugin-base", "/")
        self.assertEqual(exporter.wait_until_up().value("buntime_runtime_info", layout="api"), 1)

    def test_pool_size_of_those_who_do_not_tell(self):
        sim = self.release("0.2.26", *FROZEN)
        page = self.exporter("--runtime.url", sim.url, "--runtime.pool-size", "40").wait_until_up()
        self.assertEqual(page.value("buntime_pool_size"), 40)
        self.assertEqual(page.value("buntime_pool_utilization"), page.value("buntime_pool_active") / 40)
        sim = self.release("documented", *FROZEN)
        page = self.exporter("--runtime.url", sim.url, "--runtime.pool-size", "40").wait_until_up()
        self.assertEqual(page.value("buntime_pool_size"), 100, "what the runtime reports counts")

    def test_a_layout_that_was_asked_for_is_the_only_one(self):
        sim = self.release("0.2.26")
        wrong = self.exporter("--runtime.url", sim.url, "--runtime.layout", "admin")
        eventually(lambda: wrong.metrics().outcome() == "not_json")
        right = self.exporter("--runtime.url", sim.url, "--runtime.layout", "api")
        right.wait_until_up()

    def test_runtime_before_its_pool(self):
        for release in RELEASES:
            with self.subTest(release=release):
                sim = self.release(release, "--init-delay", "1h")
                exporter = self.exporter("--runtime.url", sim.url, *self.key(release))
                eventually(lambda: exporter.metrics().outcome() == "not_initialized")
                page = exporter.metrics()
                self.assertEqual((page.value("buntime_up"), page.select("buntime_pool_total")), (0, {}))

    def test_upgrades_while_it_runs(self):
        """Another release takes over the port; in between nobody listens."""
        sim = self.release("0.2.26", "--warmup", "300s")
        port = sim.port
        exporter = self.exporter("--runtime.url", sim.url, *INTERVAL, "--runtime.api-key-file", self.key_file,
                                 fast=False)
        exporter.wait_until_up()
        for warmup, release in enumerate(["documented", "0.5.4", "0.2.26", "0.5.4", "documented"], 1):
            with self.subTest(to=release):
                sim.stop()
                eventually(lambda: exporter.metrics().outcome() == "connect")
                sim = self.release(release, "--listen", f"127.0.0.1:{port}", "--warmup", f"{300 - 50 * warmup}s")
                layout, dialect = RELEASES[release]
                self.wait_until_known(exporter, layout=layout, dialect=dialect, version=sim.version())
        ups = [line for line in exporter.log() if line["msg"] == "runtime is up"]
        self.assertEqual([line["layout"] for line in ups],
                         ["api", "documented", "admin", "api", "admin", "documented"])

    def test_upgrade_in_one_process(self):
        sim = self.release("0.2.26", "--warmup", "60s", "--auth", "off")
        exporter = self.exporter("--runtime.url", sim.url)
        exporter.wait_until_up()
        sim.control("release", name="documented")
        self.wait_until_known(exporter, layout="documented", version=sim.version())

    def test_search_that_runs_out_of_time_says_what_the_pages_answered(self):
        """Web pages at two layouts' paths, and the third one hangs; that is not what is wrong."""
        never = threading.Event()
        self.addCleanup(never.set)

        def page(request):
            if request[0] == STATS["documented"]:
                never.wait(60)
            return 200, {"Content-Type": "text/html"}, b"<html></html>"

        runtime = self.fake_runtime(page)
        exporter = self.exporter("--runtime.url", runtime.url, "--poll.interval", "2s", fast=False)
        eventually(lambda: exporter.metrics().outcome())
        self.assertIn(STATS["documented"], self.asked(runtime))
        self.assertEqual(exporter.metrics().outcome(), "not_json")
        self.assertIn("web page", exporter.log(msg="runtime is down")[0]["cause"])

    def test_health_names_the_layout_and_no_other_path_is_asked(self):
        for version, path in [("1.0.3", STATS["0.2.26"]), ("1.1.0", STATS["0.2.26"]), ("1.3.0", STATS["0.5.4"]),
                              ("1.4.0", STATS["0.5.4"])]:
            with self.subTest(version=version):
                runtime = self.fake_runtime(lambda request, path=path, version=version: {
                    "/api/health": json_answer(json.dumps({"ok": True, "version": version}).encode()),
                    path: json_answer(b'{"pool":{"uptimeMs":1000},"workers":{}}'),
                }.get(request[0], (200, {"Content-Type": "text/html"}, b"<html></html>")))
                exporter = self.exporter("--runtime.url", runtime.url)
                page = exporter.wait_until_up()
                self.assertEqual(page.value("buntime_runtime_info", version=version), 1, "from the first poll on")
                self.assertEqual(sum(page.select("buntime_exporter_polls_total").values()),
                                 page.value("buntime_exporter_polls_total", outcome="ok"))
                self.assertEqual(set(self.asked(runtime)), {"/api/health", path})

    def test_full_queue_before_the_pages(self):
        """Release 0.2.26 whose ttl=0 queue is full: paths that it does not know hang, and then fail."""
        never = threading.Event()
        self.addCleanup(never.set)

        for hidden in (False, True):  # by a proxy that only passes the plugin's paths on
            with self.subTest(health_is_hidden=hidden):
                def answer(request, hidden=hidden):
                    if request[0] == STATS["0.2.26"]:
                        return json_answer(b'{"pool":{"uptimeMs":1000},"workers":{}}')
                    if request[0] == "/api/health" and not hidden:
                        return json_answer(b'{"ok":true,"version":"1.1.0"}')
                    if not request[0].startswith("/metrics/"):
                        return 404, {}, b""
                    never.wait(39)
                    return 500, {"Content-Type": "text/plain"}, b"Internal Server Error"

                runtime = self.fake_runtime(answer)
                exporter = self.exporter("--runtime.url", runtime.url, "--poll.interval", "4s", fast=False)
                page = exporter.wait_until_up()
                self.assertEqual(sum(page.select("buntime_exporter_polls_total").values()), 1, "in the first poll")
                guessed = [path for path in self.asked(runtime) if path.startswith("/metrics/") and "api" not in path]
                self.assertEqual(bool(guessed), hidden)

    def test_full_queue_of_the_simulated_release(self):
        sim = self.release("0.2.26", "--warmup", "30s")
        sim.control("scenario", name="queue-saturated")
        eventually(lambda: json.loads(fetch(sim.url + STATS["0.2.26"]).text)["pool"]["ephemeralQueueDepth"] >= 100)
        exporter = self.exporter("--runtime.url", sim.url, "--poll.interval", "2s", fast=False)
        page = exporter.wait_until_up()
        self.assertLessEqual(sum(page.select("buntime_exporter_polls_total").values()), 2)
        self.assertEqual(page.value("buntime_ephemeral_queue_depth"), 100)
        self.assertEqual(sim.truth()["answers"]["page"], 0, "asked for a path that starts a worker")

    def test_returns_within_an_interval_and_a_timeout(self):
        sim = self.release("0.2.26", "--warmup", "60s")
        port, interval, timeout = sim.port, 2, 1
        exporter = self.exporter("--runtime.url", sim.url, "--poll.interval", f"{interval}s", "--poll.timeout",
                                 f"{timeout}s", fast=False)
        exporter.wait_until_up()
        sim.stop()
        eventually(lambda: exporter.metrics().value("buntime_exporter_polls_total", outcome="connect") > 5, 40)
        self.release("0.2.26", "--listen", f"127.0.0.1:{port}")
        back = time.monotonic()
        exporter.wait_until_up()
        self.report(f"up {time.monotonic() - back:.2f} s after its return")
        self.assertLess(time.monotonic() - back, (interval + timeout) * TIME_FACTOR)

    def test_before_its_first_poll_a_runtime_is_neither_up_nor_down(self):
        """And the first poll is soon, however long the interval."""
        asked = threading.Event()
        answered = threading.Event()
        self.addCleanup(answered.set)

        def answer(_):
            asked.set()
            answered.wait(60)
            return json_answer(b'{"version":"1.1.0","pool":{"uptimeMs":1},"workers":{}}')

        runtimes = [self.fake_runtime(answer) for _ in range(3)]
        flags = [flag for i, runtime in enumerate(runtimes) for flag in ("--runtime.url", f"r{i}={runtime.url}")]
        exporter = self.exporter(*flags, "--poll.interval", "5m", "--poll.timeout", "1m", fast=False)
        self.assertTrue(asked.wait(10 * TIME_FACTOR))
        page = exporter.metrics()
        self.assertEqual((page.select("buntime_up"), page.select("buntime_poll_outcome")), ({}, {}))
        answered.set()
        exporter.wait_until_up(3)

    def test_summary_that_is_missing_costs_only_the_uptime(self):
        stats = json.dumps({"pool": {"size": 5, "active": 1}, "workers": []}).encode()

        def answer(request):
            if request[0] == STATS["documented"]:
                return json_answer(stats)
            return 404, {"Content-Type": "application/json"}, b"{}"

        exporter = self.exporter("--runtime.url", self.fake_runtime(answer).url)
        page = exporter.wait_until_up()
        self.assertEqual(page.value("buntime_pool_size"), 5)
        self.assertEqual(page.select("buntime_uptime_seconds"), {})
        self.assertGreater(page.value("buntime_exporter_anomalies_total", kind="missing_summary"), 0)


if __name__ == "__main__":
    unittest.main()
