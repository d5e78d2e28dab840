"""Buntime's documented API and the page's own, against the description that the exporter gives of itself, against
what the runtime said, and against the metrics."""

import gzip
import json
import unittest

from client import fetch
from exposition import Exposition
from openapi import Description
from programs import ProgramTest
from prometheus_server import Prometheus
from support import eventually

BASE = "/metrics/api/metrics"
DEAD = "http://127.0.0.1:9"
# One poll, so that nothing changes between two questions of a test.
ONCE = ("--poll.interval", "1h", "--poll.timeout", "5s")


class ApiTest(ProgramTest):
    def start(self, *flags):
        """An exporter that has polled its runtime, once."""
        return self.fleet(*flags, *ONCE)

    def fleet(self, *flags):
        """An exporter that has polled its runtimes, and goes on: the first polls of a fleet are spread over the
        interval."""
        exporter = self.exporter(*flags)
        eventually(lambda: exporter.get("/-/ready").status == 200)
        return exporter

    def ask(self, exporter, path, **how):
        """The answer, which keeps to the description."""
        answer = exporter.get(path, **how)
        Description(exporter.get(f"{BASE}/openapi.json").text).check(path.partition("?")[0], answer)
        return answer

    def json(self, exporter, path, status=200):
        answer = self.ask(exporter, path) if path.startswith(BASE) else exporter.get(path)
        self.assertEqual(answer.status, status, answer.text)
        return json.loads(answer.text)


class DescriptionTest(ApiTest):
    def test_everything_described_is_served_and_of_this_version(self):
        exporter = self.start("--runtime.url", self.simulator().url)
        description = Description(exporter.get(f"{BASE}/openapi.json").text)
        self.assertEqual(description.document["info"]["version"],
                         self.json(exporter, "/api/view")["exporter"]["version"])
        for path in description.paths():
            if path.endswith("/sse"):
                continue  # has no end; sse_test.py reads it
            with self.subTest(path=path):
                self.assertEqual(self.ask(exporter, path).status, 200)

    def test_the_checker_sees_wrong_answers(self):
        description = Description(self.start("--runtime.url", DEAD).get(f"{BASE}/openapi.json").text)
        schema = {"$ref": "#/components/schemas/Summary"}
        good = {"pool": {name: 1 for name in ("size", "active", "idle", "creating", "total", "utilization")},
                "uptime": 86400, "timestamp": "2024-01-23T10:30:00.000Z"}
        description.check_value(good, schema, "good")
        for name, wrong in (("uptime", "86400"), ("uptime", -1), ("uptime", True), ("timestamp", "today"),
                            ("pool", None), ("pool", {}), ("surplus", 1)):
            with self.subTest(name=name, wrong=wrong), self.assertRaises(AssertionError):
                description.check_value({**good, name: wrong}, schema, "bad")


class DocumentedTest(ApiTest):
    def test_documented_dialect_passes_through(self):
        sim = self.simulator("--release", "documented", "--warmup", "30s", "--speed", "0")
        exporter = self.start("--runtime.url", sim.url)
        told = json.loads(fetch(f"{sim.url}{BASE}/stats").text)
        stats = self.json(exporter, f"{BASE}/stats")
        self.assertEqual(stats["pool"], told["pool"])
        self.assertGreater(len(stats["workers"]), 0)
        for worker in told["workers"]:
            if worker["state"] == "terminated":
                worker["uptime"] = None  # nothing that ended gets older
        self.assertEqual(stats["workers"], told["workers"])
        summary = self.json(exporter, f"{BASE}/")
        self.assertEqual(summary["pool"], told["pool"])
        self.assertGreater(summary["uptime"], 0)

    def test_released_dialects_are_told_in_documented_words(self):
        key = self.write("key", "k3y")
        for release, flags in (("0.2.26", ()), ("0.5.4", ("--runtime.api-key-file", key))):
            with self.subTest(release=release):
                sim = self.simulator("--release", release, "--warmup", "30s",
                                     *(("--api-key-file", key) if flags else ()))
                exporter = self.start("--runtime.url", sim.url, "--runtime.pool-size", "100", *flags)
                stats = self.json(exporter, f"{BASE}/stats")
                metrics = exporter.metrics()
                self.assertEqual(stats["pool"], {
                    "size": 100, "active": metrics.value("buntime_pool_active"),
                    "idle": metrics.value("buntime_pool_idle"), "creating": None,
                    "total": metrics.value("buntime_pool_total"),
                    "utilization": metrics.value("buntime_pool_utilization")})
                self.assertEqual(len(stats["workers"]), len(metrics.select("buntime_worker_requests_total")))
                self.assertEqual({worker["memory"]["rss"] for worker in stats["workers"]}, {None})
                self.assertEqual(self.json(exporter, f"{BASE}/")["uptime"], metrics.value("buntime_uptime_seconds"))

    def test_text_is_the_metrics_of_the_runtime_alone(self):
        sim = self.simulator("--release", "documented", "--warmup", "30s", "--speed", "0")
        exporter = self.fleet("--runtime.url", f"blue={sim.url}", "--runtime.url", f"dead={DEAD}")
        text = self.ask(exporter, f"{BASE}/prometheus?runtime=blue").text
        self.assertNotIn('runtime="', text)
        self.assertNotIn("buntime_fleet_", text)
        own, all_metrics = Exposition(text), exporter.metrics()
        self.assertEqual(own.value("buntime_pool_active"), all_metrics.value("buntime_pool_active", runtime="blue"))
        for name in ("size", "active", "idle", "creating", "total", "utilization"):
            self.assertRegex(text, rf"(?m)^# TYPE buntime_pool_{name} gauge\nbuntime_pool_{name} [0-9.]+$")
        self.assertRegex(text, r"(?m)^# TYPE buntime_uptime_seconds counter\nbuntime_uptime_seconds [0-9.]+$")

    def test_text_can_be_switched_off(self):
        exporter = self.start("--runtime.url", self.simulator().url, "--web.prometheus=false")
        self.assertEqual(self.ask(exporter, f"{BASE}/prometheus").status, 404)
        self.assertEqual(self.ask(exporter, f"{BASE}/stats").status, 200)

    def test_says_why_it_has_nothing(self):
        exporter = self.start("--runtime.url", DEAD)
        for path in ("/", "/stats"):
            self.assertIn("refused", self.json(exporter, BASE + path, 503)["error"])
        self.assertIn("refused", self.json(exporter, f"{BASE}/runtimes")["runtimes"][0]["error"])

    def test_a_fleet_wants_to_know_which(self):
        sim = self.simulator("--runtimes", "2", "--release", "documented")
        exporter = self.fleet("--runtime.url", f"a b={sim.urls[0]}", "--runtime.url", f"green={sim.urls[1]}")
        for query in ("", "?runtime=", "?runtime=red", "?runtime=%00", "?other=green"):
            for path in ("/", "/stats", "/prometheus", "/sse"):
                with self.subTest(query=query, path=path):
                    refusal = self.json(exporter, f"{BASE}{path}{query}", 400)
                    self.assertEqual(refusal["runtimes"], ["a b", "green"])
        for query in ("?runtime=a+b", "?runtime=a%20b", "?x=1&runtime=green"):
            self.assertEqual(self.ask(exporter, f"{BASE}/{query}").status, 200)
        self.assertEqual([runtime["name"] for runtime in self.json(exporter, f"{BASE}/runtimes")["runtimes"]],
                         ["a b", "green"])

    def test_who_has_it_need_not_have_it_again(self):
        exporter = self.start("--runtime.url", self.simulator("--warmup", "30s").url)
        for path in (f"{BASE}/", f"{BASE}/stats", f"{BASE}/runtimes", f"{BASE}/openapi.json", f"{BASE}/prometheus",
                     "/api/view", "/api/workers", "/api/history"):
            with self.subTest(path=path):
                def unchanged():
                    etag = exporter.get(path).headers["etag"]
                    return exporter.get(path, headers={"If-None-Match": f'"other", {etag}'})

                again = eventually(lambda: (answer := unchanged()).status == 304 and answer)
                self.assertEqual(again.body, b"")
                self.assertEqual(exporter.get(path, headers={"If-None-Match": '"other"'}).status, 200)

    def test_a_new_poll_is_a_new_state(self):
        exporter = self.exporter("--runtime.url", self.simulator("--warmup", "30s").url)
        exporter.wait_until_up()
        etag = exporter.get(f"{BASE}/").headers["etag"]
        eventually(lambda: exporter.get(f"{BASE}/", headers={"If-None-Match": etag}).status == 200)


class PageApiTest(ApiTest):
    def test_view_says_what_the_metrics_say(self):
        exporter = self.start("--runtime.url", self.simulator("--warmup", "2m").url, "--runtime.pool-size", "50")
        view = self.json(exporter, "/api/view")
        metrics = exporter.metrics()
        for name, metric in (("size", "pool_size"), ("active", "pool_active"), ("idle", "pool_idle"),
                             ("total", "pool_total"), ("utilization", "pool_utilization"),
                             ("uptime_seconds", "uptime_seconds"), ("requests", "pool_requests_total"),
                             ("hits", "pool_hits_total"), ("misses", "pool_misses_total"),
                             ("evictions", "pool_evictions_total"), ("workers_created", "workers_created_total"),
                             ("ephemeral_queue_depth", "ephemeral_queue_depth"),
                             ("ephemeral_queue_limit", "ephemeral_queue_limit")):
            self.assertEqual(view["pool"][name], metrics.value(f"buntime_{metric}"), name)
        self.assertIsNone(view["pool"]["creating"], "the released dialect has no word for it")
        self.assertIsNone(view["pool"]["requests_per_second"], "there was one poll")
        for app in view["apps"]:
            labels = {"app": app["app"], **({"version": app["version"]} if app["version"] else {})}
            self.assertEqual(app["requests"], metrics.value("buntime_app_requests_total", **labels))
        workers = self.json(exporter, "/api/workers")["workers"]
        self.assertEqual(len(workers), view["workers_total"])
        self.assertEqual(sum(view["workers_by_state"].values()), len(workers))

    def test_rates_and_history_come_with_the_polls(self):
        sim = self.simulator("--rps", "200", "--warmup", "30s")
        exporter = self.exporter("--runtime.url", sim.url, "--poll.interval", "1s", fast=False)

        def measured():
            view = self.json(exporter, "/api/view")
            history = self.json(exporter, "/api/history")
            return view["pool"] and view["pool"]["requests_per_second"] and len(history["t"]) >= 3 and (view, history)

        view, history = eventually(measured)
        self.assertGreater(view["pool"]["requests_per_second"], 20)
        self.assertLess(view["pool"]["requests_per_second"], 2000)
        self.assertEqual(len({len(values) for name, values in history.items() if name != "interval_seconds"}), 1)
        self.assertEqual(history["t"], sorted(history["t"]))
        self.assertIsNone(history["requests_per_second"][0])
        self.assertIsNotNone(history["requests_per_second"][-1])
        sim.stop()
        eventually(lambda: self.json(exporter, "/api/history")["active"][-1] is None)
        view = self.json(exporter, "/api/view")
        self.assertFalse(view["runtime"]["up"])
        self.assertIn("refused", view["runtime"]["error"])
        self.assertAlmostEqual(view["runtime"]["down_since"], view["exporter"]["now"], delta=60)

    def test_hostile_words_stay_words(self):
        name = "<script>alert(1)</script>\"'&amp;\u202e"
        away = '"><img src=x onerror=alert(1)></li>&'
        runtime = self.fake_runtime(lambda request: (302, {"Location": away}, b""))
        exporter = self.start("--runtime.url", f"{name}={runtime.url}")
        answer = exporter.get("/api/view")
        self.assertEqual(answer.headers["content-type"], "application/json")
        view = json.loads(answer.text)
        self.assertEqual(view["runtime"]["name"], name)
        self.assertIn(away, view["runtime"]["error"])

    def test_large_documents_are_compressed_where_that_is_welcome(self):
        sim = self.simulator("--workers", "3000")
        exporter = self.start("--runtime.url", sim.url)
        plain = exporter.get("/api/workers")
        packed = exporter.get("/api/workers", headers={"Accept-Encoding": "gzip"})
        self.assertEqual(packed.headers["content-encoding"], "gzip")
        self.assertEqual(gzip.decompress(packed.body), plain.body)
        self.assertLess(len(packed.body) * 4, len(plain.body))
        self.assertGreater(len(json.loads(plain.body)["workers"]), 1000, "all of them, not only those with series")

    def test_the_first_runtime_is_shown_unless_another_is_named(self):
        exporter = self.fleet("--runtime.url", f"one={DEAD}", "--runtime.url", f"two={DEAD}")
        self.assertEqual(self.json(exporter, "/api/view")["runtime"]["name"], "one")
        self.assertEqual(self.json(exporter, "/api/view?runtime=two")["runtime"]["name"], "two")
        self.assertEqual(self.json(exporter, "/api/view?runtime=three", 400)["runtimes"], ["one", "two"])


class PrometheusTest(ProgramTest):
    def test_a_prometheus_made_for_the_documents_needs_another_host_and_nothing_else(self):
        sim = self.simulator("--warmup", "30s")
        exporter = self.exporter("--runtime.url", sim.url, "--runtime.pool-size", "100")
        exporter.wait_until_up()
        # As the documents have it: this path, and a host.
        prometheus = Prometheus(exporter.url, "1s", self.folder(), metrics_path=f"{BASE}/prometheus")
        self.adopt(prometheus).wait_until_ready()
        for query in ("up", "buntime_pool_size / 100", "buntime_up", "count(buntime_pool_utilization)",
                      "count(buntime_pool_active)", "count(buntime_pool_idle)", "count(buntime_pool_total)",
                      "count(buntime_uptime_seconds)"):
            eventually(lambda: prometheus.query(query) == {frozenset(): 1})


if __name__ == "__main__":
    unittest.main()
