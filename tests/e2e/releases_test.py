"""One flag is enough, whichever Buntime answers: the three layouts, prefixes, upgrades under way, and keys."""

import json
import threading
import unittest

from client import fetch
from fake_runtime import json_answer
from oracle import Oracle, difference
from programs import PACKAGES, ProgramTest
from support import SANITIZED, eventually

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

    def check_page(self, release, sim, page, prefix="", version=True):
        """Every pool, app and worker series is what the raw answer says, and there is no other."""
        layout, dialect = RELEASES[release]
        headers = {"X-API-Key": KEY}
        stats = json.loads(fetch(sim.url + prefix + STATS[release], headers=headers).text)
        oracle = Oracle(dialect)
        if dialect == "documented":
            oracle.summary = json.loads(fetch(sim.url + prefix + STATS[release].removesuffix("stats")).text)
        self.assertEqual(difference(oracle.take(stats), page), [])
        info = dict(next(iter(page.select("buntime_runtime_info"))))
        self.assertEqual(info, {"layout": layout, "dialect": dialect, **({"version": PACKAGES[release]} if version else {})})

    def wait_until_known(self, exporter, **labels):
        return eventually(lambda: exporter.metrics().select("buntime_runtime_info", **labels)
                          and exporter.wait_until_up())

    def test_url_alone(self):
        for release in RELEASES:
            for unknown in ("page", "404"):
                with self.subTest(release=release, unknown_paths=unknown):
                    sim = self.release(release, *FROZEN, "--unknown-path", unknown)
                    exporter = self.exporter("--runtime.url", sim.url, *self.key(release))
                    self.check_page(release, sim, self.wait_until_known(exporter, version=PACKAGES[release]))

    def test_compressed_answers(self):
        sim = self.release("0.2.26", *FROZEN, "--gzip")
        exporter = self.exporter("--runtime.url", sim.url)
        self.check_page("0.2.26", sim, self.wait_until_known(exporter, version=PACKAGES["0.2.26"]))

    def test_other_shapes_of_workers(self):
        for release, shape in [("0.2.26", "array"), ("documented", "object")]:
            with self.subTest(release=release, shape=shape):
                sim = self.release(release, *FROZEN, "--workers-shape", shape)
                exporter = self.exporter("--runtime.url", sim.url)
                self.check_page(release, sim, self.wait_until_known(exporter, version=PACKAGES[release]))

    def test_url_of_the_stats(self):
        for release, path in STATS.items():
            with self.subTest(release=release):
                sim = self.release(release, *FROZEN)
                exporter = self.exporter("--runtime.url", sim.url + path, *self.key(release))
                self.check_page(release, sim, self.wait_until_known(exporter, version=PACKAGES[release]))

    def test_prefix_before_the_plugin(self):
        for release in RELEASES:
            for url, base in [("/deep/down", "/metrics"), ("/deep/down/", "/metrics"), ("", "/deep/down/metrics"),
                              ("/deep", "/down/metrics/")]:
                with self.subTest(release=release, url=url, base=base):
                    sim = self.release(release, *FROZEN, "--plugin-base", "/deep/down/metrics")
                    exporter = self.exporter("--runtime.url", sim.url + url, "--runtime.plugin-base", base,
                                             *self.key(release))
                    # Health stands at the root: below a prefix of the URL there is none, and so no version.
                    page = exporter.wait_until_up() if url else self.wait_until_known(exporter, version=PACKAGES[release])
                    self.check_page(release, sim, page, "/deep/down", version=not url)

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
        self.wait_until_known(exporter, version=PACKAGES["0.2.26"])
        for warmup, release in enumerate(["documented", "0.5.4", "0.2.26", "0.5.4", "documented"], 1):
            with self.subTest(to=release):
                sim.stop()
                eventually(lambda: exporter.metrics().outcome() == "connect")
                sim = self.release(release, "--listen", f"127.0.0.1:{port}", "--warmup", f"{300 - 50 * warmup}s")
                layout, dialect = RELEASES[release]
                self.wait_until_known(exporter, layout=layout, dialect=dialect, version=PACKAGES[release])
        ups = [line for line in exporter.log() if line["msg"] == "runtime is up"]
        self.assertEqual([line["layout"] for line in ups],
                         ["api", "documented", "admin", "api", "admin", "documented"])

    def test_upgrade_in_one_process(self):
        sim = self.release("0.2.26", "--warmup", "60s", "--auth", "off")
        exporter = self.exporter("--runtime.url", sim.url)
        self.wait_until_known(exporter, version=PACKAGES["0.2.26"])
        sim.control("release", name="documented")
        self.wait_until_known(exporter, layout="documented", version="documented")

    def test_search_that_runs_out_of_time_says_what_the_pages_answered(self):
        """Slow web pages at two layouts' paths leave no time for the third; that is not what is wrong."""
        delay = 1.0 if SANITIZED else 0.4

        never = threading.Event()
        self.addCleanup(never.set)

        def slow_page(_):
            never.wait(delay)
            return 200, {"Content-Type": "text/html"}, b"<html></html>"

        runtime = self.fake_runtime(slow_page)
        exporter = self.exporter("--runtime.url", runtime.url, "--poll.interval", f"{delay * 2.5}s", fast=False)
        eventually(lambda: exporter.metrics().outcome())
        self.assertIn(STATS["documented"], [path for path, _ in runtime.requests], "the search was too short")
        self.assertEqual(exporter.metrics().outcome(), "not_json")
        self.assertIn("web page", exporter.log(msg="runtime is down")[0]["cause"])

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
