"""/probe: targets that are polled when a scraper asks, with modules, deadlines, and memory between the probes."""

import gzip
import json
import signal
import threading
import time
import unittest
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

from exposition import Exposition
from fake_runtime import json_answer
from programs import ProgramTest
from support import TIME_FACTOR, eventually

SECRET = "a-key-that-must-not-be-seen"


def released(requests, uptime_ms=100000):
    return json_answer(json.dumps({
        "pool": {"activeWorkers": 1, "totalRequests": requests, "uptimeMs": uptime_ms},
        "workers": {"shop@1.0.0": {"status": "active", "requestCount": requests, "ageMs": 5000}}}).encode())


def exposition(answer):
    """The page without the comment that says why a probe failed, which other pages do not have."""
    reason, _, rest = answer.text.partition("\n")
    failed = reason.startswith("# ") and not reason.startswith("# HELP")
    return Exposition(rest if failed else answer.text)


class ProbeTest(ProgramTest):
    """Probes of stand-ins on loopback."""

    def probing(self, modules, *flags, environment=None):
        """An exporter without a runtime of its own; `modules` is what stands below that key."""
        self.config = self.write("modules.yml", f"modules:\n{modules}")
        return self.exporter("--config.file", self.config, *flags, environment=environment, fast=False)

    @staticmethod
    def probe(exporter, target, scrape_timeout=None, **parameters):
        query = "&".join(f"{name}={quote(value, safe='')}" for name, value in {"target": target, **parameters}.items())
        headers = {} if scrape_timeout is None else {"X-Prometheus-Scrape-Timeout-Seconds": str(scrape_timeout)}
        return exporter.get(f"/probe?{query}", headers=headers, timeout=30 * TIME_FACTOR)

    def page(self, exporter, target, **how):
        answer = self.probe(exporter, target, **how)
        self.assertEqual(answer.status, 200, answer.text)
        self.assertTrue(answer.headers["content-type"].startswith("text/plain; version=0.0.4"))
        return exposition(answer)


class TargetTest(ProbeTest):
    def test_target_is_polled_with_the_modules_key_and_has_no_runtime_label(self):
        key = self.write("key", SECRET + "\n")
        for release in ("0.2.26", "0.5.4", "documented"):
            with self.subTest(release=release):
                sim = self.simulator("--release", release, "--warmup", "1m", "--api-key-file", key)
                exporter = self.probing(f"  default: {{api_key_file: {key}, allowed_targets: [127.0.0.1/32]}}\n")
                page = self.page(exporter, sim.url.removeprefix("http://"))
                self.assertEqual(page.value("buntime_up"), 1)
                self.assertNotIn("runtime", {name for labels in page.select("buntime_app_requests_total")
                                             for name, _ in labels})
                self.assertFalse([name for name in page.families if name.startswith("buntime_exporter_b")])
                self.assertEqual(self.page(exporter, sim.url).value("buntime_up"), 1)
                probes = exporter.metrics().value("buntime_exporter_probes_total", module="default", result="ok")
                self.assertEqual(probes, 2)

    def test_module_is_chosen_by_name(self):
        runtime = self.fake_runtime(lambda request: released(5))
        key = self.write("key", SECRET)
        exporter = self.probing(f"  open: {{allowed_targets: [127.0.0.1/32]}}\n"
                                f"  keyed: {{bearer_token_file: {key}, allowed_targets: [127.0.0.1/32]}}\n")
        self.page(exporter, runtime.url, module="keyed")
        for path, headers in runtime.requests:  # health is open to everyone and gets no credential
            self.assertEqual(headers.get("authorization"), None if "health" in path else f"Bearer {SECRET}", path)
        self.assertTrue([path for path, _ in runtime.requests if "health" not in path])
        del runtime.requests[:]
        self.page(exporter, runtime.url, module="open")
        for path, headers in runtime.requests:
            self.assertNotIn("authorization", headers, path)
        answer = self.probe(exporter, runtime.url)
        self.assertEqual((answer.status, answer.text), (400, "module is missing: choose one of keyed, open\n"))
        answer = self.probe(exporter, runtime.url, module="<nope>")
        self.assertEqual((answer.status, answer.text),
                         (400, "there is no module '<nope>': choose one of keyed, open\n"))

    def test_counters_go_on_between_probes_and_modules_do_not_mix(self):
        counts = [100]
        runtime = self.fake_runtime(lambda request: released(counts[0]))
        exporter = self.probing("  a: {allowed_targets: [127.0.0.1/32]}\n  b: {allowed_targets: [127.0.0.1/32]}\n")
        app = {"app": "shop", "version": "1.0.0"}
        self.assertEqual(self.page(exporter, runtime.url, module="a").value("buntime_app_requests_total", **app), 100)
        counts[0] = 40  # fell, while the runtime's uptime did not
        page = self.page(exporter, runtime.url, module="a")
        self.assertEqual(page.value("buntime_pool_requests_total"), 100)
        self.assertEqual(page.value("buntime_app_requests_total", **app), 100)
        page = self.page(exporter, runtime.url, module="b")
        self.assertEqual(page.value("buntime_pool_requests_total"), 40)

    def test_failure_is_told_and_nothing_old_is_served(self):
        answers = [released(7)]
        runtime = self.fake_runtime(lambda request: answers[0])
        exporter = self.probing("  default: {allowed_targets: [127.0.0.1/32]}\n")
        self.page(exporter, runtime.url)
        answers[0] = json_answer(b"{}", 500)
        answer = self.probe(exporter, runtime.url)
        self.assertEqual(answer.status, 200)
        self.assertTrue(answer.text.startswith("# 500 at http://127.0.0.1:"), answer.text[:200])
        page = exposition(answer)
        self.assertEqual(page.value("buntime_up"), 0)
        self.assertEqual(page.outcome(), "http_5xx")
        self.assertNotIn("buntime_pool_requests_total", page.families)

    def test_gzip_is_the_same_page(self):
        runtime = self.fake_runtime(lambda request: released(7))
        exporter = self.probing("  default: {allowed_targets: [127.0.0.1/32]}\n")
        answer = exporter.get(f"/probe?target={quote(runtime.url, safe='')}", headers={"Accept-Encoding": "gzip"})
        self.assertEqual(answer.headers["content-encoding"], "gzip")
        self.assertEqual(Exposition(gzip.decompress(answer.body).decode()).value("buntime_up"), 1)

    def test_debug_page_shows_the_exchanges_and_no_secret(self):
        key = self.write("key", SECRET)
        runtime = self.fake_runtime(
            lambda request: released(7) if request[0] == "/metrics/api/stats" else json_answer(b"no", 404))
        exporter = self.probing(f"  default: {{api_key_file: {key}, allowed_targets: [127.0.0.1/32]}}\n")
        answer = self.probe(exporter, runtime.url, debug="true")
        self.assertEqual(answer.status, 200)
        for text in (f"GET {runtime.url}/metrics/admin/stats\n      404 application/json, 2 bytes\n",
                     f"GET {runtime.url}/metrics/api/stats\n      200 application/json, ", "total ", "layout: api\n",
                     "dialect: released\n", "anomalies: none\n", f"X-API-Key from {key} (not shown)",
                     "\nbuntime_up 1\n"):
            self.assertIn(text, answer.text)
        self.assertIn(SECRET, str(runtime.requests))
        for seen in (answer.text, exporter.errors(), exporter.get("/targets").text, exporter.get("/metrics").text):
            self.assertNotIn(SECRET, seen)


class DeadlineTest(ProbeTest):
    def hanging(self):
        sim = self.simulator("--warmup", "10s")
        sim.fault("stall")
        return sim

    def timed(self, *arguments, **how):
        started = time.monotonic()
        answer = self.probe(*arguments, **how)
        return answer, time.monotonic() - started

    def test_answer_comes_before_the_scrape_times_out(self):
        sim = self.hanging()
        exporter = self.probing("  default: {allowed_targets: [127.0.0.1/32]}\n")
        for timeout in (0.6 * TIME_FACTOR, 2 * TIME_FACTOR):
            answer, seconds = self.timed(exporter, sim.url, scrape_timeout=timeout)
            self.assertLess(seconds, timeout)
            self.assertGreater(seconds, timeout / 2 - 0.1)
            self.assertEqual(answer.status, 200)
            self.assertIn("when the scrape's time was nearly up", answer.text.partition("\n")[0])
            self.assertEqual(exposition(answer).outcome(), "timeout")

    def test_modules_timeout_ends_a_probe_earlier(self):
        sim = self.hanging()
        exporter = self.probing("  default: {timeout: 500ms, allowed_targets: [127.0.0.1/32]}\n")
        answer, seconds = self.timed(exporter, sim.url, scrape_timeout=20)
        self.assertLess(seconds, 10)
        self.assertEqual(exposition(answer).outcome(), "timeout")

    def test_two_hundred_scrapers_of_hanging_targets_all_hear_within_ten_seconds(self):
        sim = self.simulator("--warmup", "10s", "--runtimes", "20")
        for runtime in range(20):
            sim.fault("stall", runtime=runtime)
        exporter = self.probing("  default: {allowed_targets: [127.0.0.1/32]}\n")
        with ThreadPoolExecutor(200) as pool:
            results = list(pool.map(lambda i: self.timed(exporter, sim.urls[i % 20], scrape_timeout=10), range(200)))
        self.assertEqual({answer.status for answer, _ in results}, {200})
        self.assertEqual({exposition(answer).outcome() for answer, _ in results}, {"timeout"})
        self.assertLess(max(seconds for _, seconds in results), 10)
        self.report(f"200 scrapers of hanging targets: answered after {max(s for _, s in results):.2f} s at the latest")

    def test_five_hundred_probes_of_a_hundred_targets_at_once(self):
        sim = self.simulator("--warmup", "10s", "--runtimes", "100", "--rps", "1")
        exporter = self.probing("  default: {allowed_targets: [127.0.0.1/32]}\n")
        with ThreadPoolExecutor(500) as pool:
            results = list(pool.map(lambda i: self.timed(exporter, sim.urls[i % 100], scrape_timeout=10 * TIME_FACTOR),
                                    range(500)))
        for answer, _ in results:
            self.assertEqual(exposition(answer).value("buntime_up"), 1)
        self.report(f"500 probes of 100 targets: {max(s for _, s in results):.2f} s at the latest")
        targets = json.loads(exporter.get("/targets", headers={"Accept": "application/json"}).text)
        self.assertEqual(len(targets["probes"]), 100)

    def test_bad_scrape_timeouts_are_refused(self):
        exporter = self.probing("  default: {allowed_targets: [127.0.0.1/32]}\n")
        for value in ("0", "-1", "nan", "ten", "1e999", "10s"):
            answer = self.probe(exporter, "127.0.0.1:1", scrape_timeout=value)
            self.assertEqual(answer.status, 400, value)
            self.assertIn("expected a number of seconds", answer.text)

    def test_stopping_answers_who_waits(self):
        asked, over = threading.Event(), threading.Event()

        def hang(_):
            asked.set()
            over.wait(60)
            return released(1)

        runtime = self.fake_runtime(hang)
        self.addCleanup(over.set)  # before the runtime is stopped
        exporter = self.probing("  default: {allowed_targets: [127.0.0.1/32]}\n")
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(self.timed, exporter, runtime.url, scrape_timeout=30)
            self.assertTrue(asked.wait(20 * TIME_FACTOR))
            exporter.signal(signal.SIGTERM)
            answer, seconds = answer.result(20 * TIME_FACTOR)
        self.assertEqual((answer.status, answer.text), (503, "the exporter is stopping\n"))
        self.assertLess(seconds, 10)


class SettingsTest(ProbeTest):
    def test_off_without_modules(self):
        sim = self.simulator("--warmup", "10s")
        exporter = self.exporter("--runtime.url", sim.url)
        answer = self.probe(exporter, sim.url)
        self.assertEqual((answer.status, answer.text),
                         (404, "nothing may be probed: give --config.file modules with allowed_targets\n"))
        self.assertNotIn("buntime_exporter_probes_total", exporter.metrics().families)

    def test_reload_brings_modules_and_keeps_what_is_known_of_others(self):
        counts = [100]
        runtime = self.fake_runtime(lambda request: released(counts[0]))
        exporter = self.probing("  a: {allowed_targets: [127.0.0.1/32]}\n")
        self.page(exporter, runtime.url, module="a")
        self.write("modules.yml", "modules:\n  a: {allowed_targets: [127.0.0.1/32]}\n"
                                  "  b: {allowed_targets: [127.0.0.2/32]}\n")
        exporter.signal(signal.SIGHUP)
        eventually(lambda: self.probe(exporter, runtime.url, module="b").status == 403)
        counts[0] = 40
        self.assertEqual(self.page(exporter, runtime.url, module="a").value("buntime_pool_requests_total"), 100)
        self.write("modules.yml", "modules:\n  a: {allowed_targets: [127.0.0.2/32]}\n")
        exporter.signal(signal.SIGHUP)
        eventually(lambda: self.probe(exporter, runtime.url, module="a").status == 403)
        self.write("modules.yml", "modules:\n  a: {allowed_targets: [nonsense/x]}\n")
        exporter.signal(signal.SIGHUP)
        eventually(lambda: exporter.log(msg="cannot reload: the last good configuration stays in force"))
        self.assertEqual(self.probe(exporter, runtime.url, module="a").status, 403)

    def test_targets_page_tells_of_runtimes_and_probes(self):
        sim = self.simulator("--warmup", "10s")
        config = self.write("modules.yml", "modules:\n  default: {allowed_targets: [127.0.0.1/32]}\n")
        exporter = self.exporter("--config.file", config, "--runtime.url", f"<b>sh\u00f6p&={sim.url}", "--runtime.url",
                                 "gone=http://127.0.0.1:1")
        self.page(exporter, sim.url)
        def both():
            targets = json.loads(exporter.get("/targets", headers={"Accept": "application/json"}).text)
            states = [(t["runtime"], t["state"]) for t in targets["runtimes"]]
            self.assertEqual(states, [("<b>sh\u00f6p&", "up"), ("gone", "down")])
            return targets
        targets = eventually(both)
        up, down = targets["runtimes"]
        self.assertEqual((up["layout"], up["dialect"], up["outcome"], up["error"]), ("api", "released", "ok", None))
        self.assertGreater(up["workers"], 0)
        self.assertLess(abs(up["last_success"] - time.time()), 60)
        self.assertEqual((down["outcome"], down["workers"], down["layout"]), ("connect", None, None))
        self.assertIn("refused the connection", down["error"])
        self.assertLessEqual(down["down_since"], down["last_poll"])
        (probe,) = targets["probes"]
        self.assertEqual((probe["module"], probe["state"]), ("default", "up"))
        html = exporter.get("/targets", headers={"Accept": "text/html,*/*"})
        self.assertTrue(html.headers["content-type"].startswith("text/html"))
        self.assertIn("default-src 'none'", html.headers["content-security-policy"])


if __name__ == "__main__":
    unittest.main()
