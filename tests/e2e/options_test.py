"""Labels, headers and proxies of runtimes as their users see them: on the page, at the runtime, in /config, across a
reload. And no value of a header anywhere."""

import unittest
import urllib.request

import yaml

from config_reload_test import ConfigReloadTest
from fake_runtime import json_answer
from support import eventually

TENANT = "t3nant-of-this-test"
TOKEN = "t0ken-of-the-gateway"
STATS = (b'{"pool":{"activeWorkers":1,"totalRequests":5,"hits":4,"misses":1,"uptimeMs":9000},"workers":{"shop@1.0.0":'
         b'{"status":"active","requestCount":5,"errorCount":0,"ageMs":5000,"idleMs":1,"totalResponseTimeMs":40}}}')


def answer(request):
    if request[0].endswith("/api/health"):
        return json_answer(b'{"version":"1.1.0"}')
    return json_answer(STATS)


def forward(request):
    """The answer of a forward proxy: its requests name whole URLs. No connection outlives its request, nor the proxy."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request[0], timeout=10) as response:
        return response.status, {"Content-Type": response.headers["Content-Type"], "Connection": "close"}, response.read()


class OptionsTest(ConfigReloadTest):
    def test_labels_are_on_every_series_of_their_runtime(self):
        runtime = self.fake_runtime(answer)
        blue = {"name": "blue", "url": runtime.url, "labels": {"environment": "prod", "team": 'a "b" \\'}}
        self.configure(blue, {"name": "green", "url": runtime.url})
        exporter = self.start("--web.enable-lifecycle")
        page = exporter.wait_until_up(2)
        own = {key: dict(labels) for key in page.samples for labels in [key[1]] if dict(labels).get("runtime")}
        series = {key: labels for key, labels in own.items() if not key[0].startswith("buntime_exporter_")}
        self.assertGreater(len(series), 60)
        for (name, _), labels in series.items():
            found = {label: labels[label] for label in ("environment", "team") if label in labels}
            self.assertEqual(found, blue["labels"] if labels["runtime"] == "blue" else {}, name)
        self.assertEqual({name for name, _ in series if name == "buntime_worker_state"}, {"buntime_worker_state"})
        self.assertEqual(len(page.select("buntime_fleet_runtimes")), 1)
        for (name, labels) in page.samples:
            if name.startswith("buntime_fleet_"):
                self.assertEqual(labels, frozenset())
        self.assertEqual(yaml.safe_load(exporter.get("/config").text)["runtimes"][0]["labels"], blue["labels"])
        # One runtime alone, as its own endpoint would answer, keeps them.
        alone = exporter.get("/metrics/api/metrics/prometheus?runtime=blue").text
        self.assertIn('buntime_up{environment="prod",team=', alone)

        blue["labels"] = {"environment": "test"}
        self.configure(blue, {"name": "green", "url": runtime.url})
        eventually(lambda: exporter.metrics().select("buntime_up", runtime="blue", environment="test"))
        self.assertEqual(exporter.metrics().select("buntime_up", environment="prod"), {})
        blue["labels"] = {"app": "x"}
        self.configure(blue)
        self.assertIn("runtimes[0].labels.app 'x': series have this label already", self.await_refusal(exporter)["cause"])
        self.assertTrue(exporter.metrics().select("buntime_up", runtime="blue", environment="test"))

    def test_headers_reach_the_runtime_and_nothing_else(self):
        failing = []
        runtime = self.fake_runtime(lambda request: json_answer(b"{}", status=503) if failing else answer(request))
        headers = {"Host": "shop.internal", "X-Tenant": TENANT, "X-Token": {"file": self.write("token", TOKEN + "\n")}}
        self.configure({"name": "a", "url": runtime.url, "headers": headers})
        exporter = self.start("--web.enable-lifecycle", "--log.level", "debug")
        exporter.wait_until_up()
        for path, sent in runtime.requests:
            self.assertEqual((sent["host"], sent["x-tenant"], sent["x-token"]), ("shop.internal", TENANT, TOKEN), path)
        self.write("token", "another")
        eventually(lambda: runtime.requests[-1][1]["x-token"] == "another")
        config = yaml.safe_load(exporter.get("/config").text)["runtimes"][0]["headers"]
        self.assertEqual(config, {"Host": "<hidden>", "X-Tenant": "<hidden>", "X-Token": headers["X-Token"]})
        failing.append(True)
        eventually(lambda: exporter.metrics().value("buntime_up") == 0)
        shown = exporter.errors() + exporter.shown_by_the_system()
        for path in ("/metrics", "/config", "/targets", "/", "/api/view", "/api/history", "/metrics/api/metrics/stats",
                     "/metrics/api/metrics/runtimes"):
            shown += exporter.get(path).text
        for secret in (TENANT, TOKEN):
            self.assertNotIn(secret, shown)

    def test_headers_of_a_module_reach_its_targets(self):
        runtime = self.fake_runtime(answer)
        self.write("buntime.yml", f"modules:\n  m:\n    allowed_targets: ['127.0.0.1/32']\n"
                                  f"    headers: {{X-Tenant: {TENANT}}}\n")
        exporter = self.start()
        target = runtime.url.removeprefix("http://")
        self.assertIn("buntime_up 1\n", exporter.get(f"/probe?target={target}&module=m").text)
        self.assertEqual({sent.get("x-tenant") for _, sent in runtime.requests}, {TENANT})
        debug = exporter.get(f"/probe?target={target}&module=m&debug=true").text
        self.assertIn("buntime_up 1", debug)
        self.assertNotIn(TENANT, debug + exporter.errors())

    def test_proxy_is_the_configured_one_and_never_the_environments(self):
        runtime = self.fake_runtime(answer)
        proxy, stranger = self.fake_runtime(forward), self.fake_runtime(forward)
        environment = {name: stranger.url for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy")}
        self.configure({"name": "direct", "url": runtime.url},
                       {"name": "proxied", "url": runtime.url, "proxy_url": proxy.url})
        exporter = self.exporter("--config.file", self.path("buntime.yml"), "--web.enable-lifecycle",
                                 environment={**environment, "no_proxy": "127.0.0.1", "NO_PROXY": "*"})
        exporter.wait_until_up(2)
        self.assertEqual(stranger.requests, [])
        self.assertTrue(proxy.requests)
        self.assertTrue(all(url.startswith(runtime.url + "/") for url, _ in proxy.requests))
        self.assertEqual(yaml.safe_load(exporter.get("/config").text)["runtimes"][1]["proxy_url"], proxy.url)
        proxy.stop()
        page = eventually(lambda: (page := exporter.metrics()).value("buntime_up", runtime="proxied") == 0 and page)
        self.assertEqual(page.value("buntime_up", runtime="direct"), 1)
        down = exporter.log(msg="runtime is down", runtime="proxied")
        self.assertIn(f"through the proxy {proxy.url}", down[-1]["cause"])


if __name__ == "__main__":
    unittest.main()
