"""The key: wrong, revoked, rotated, gone; and nowhere to be seen."""

import json
import os
import unittest

from fake_runtime import json_answer
from programs import ProgramTest
from support import eventually

KEY = "k3y-0f-an-4dmin"
WRONG = "wr0ng-k3y"


class KeysTest(ProgramTest):
    def setUp(self):
        self.runtime_key = self.write("runtime-key", KEY + "\n")
        self.key_file = self.write("key", KEY + "\n")
        self.sim = self.simulator("--release", "0.5.4", "--api-key-file", self.runtime_key, "--warmup", "30s")

    def start(self, *flags):
        return self.exporter("--runtime.url", self.sim.url, "--log.level", "debug", *flags)

    def wait_for(self, exporter, outcome):
        return eventually(lambda: exporter.metrics().outcome() == outcome and exporter.metrics())

    def check_secrets(self, exporter):
        """Neither key is in anything that the exporter shows."""
        shown = [exporter.errors(), exporter.output()]
        for path in ("/metrics", "/", "/-/ready", "/no/such/page"):
            shown.append(exporter.get(path).text)
        shown.append(exporter.shown_by_the_system())
        for text in shown:
            self.assertNotIn(KEY, text)
            self.assertNotIn(WRONG, text)

    def test_right_key(self):
        exporter = self.start("--runtime.api-key-file", self.key_file)
        exporter.wait_until_up()
        self.check_secrets(exporter)

    def test_no_key(self):
        """The pool is open, and what a key would add stands in the log, once."""
        exporter = self.start()
        page = exporter.wait_until_up()
        self.assertEqual(page.value("buntime_runtime_info", layout="open", dialect="released",
                                    version=self.sim.version()), 1)
        self.assert_pool_alone(page)
        eventually(lambda: exporter.metrics().value("buntime_exporter_polls_total", outcome="ok") > 3)
        hints = [line["hint"] for line in exporter.log(msg="runtime is up")]
        self.assertEqual(len(hints), 1)
        self.assertIn("--runtime.api-key-file", hints[0])

    def assert_pool_alone(self, page):
        for name in ("buntime_uptime_seconds", "buntime_pool_total", "buntime_pool_hits_total",
                     "buntime_pool_requests_total", "buntime_workers_created_total"):
            self.assertGreater(page.value(name), 0, name)
        of_apps = {name for name, _ in page.samples if name.startswith(("buntime_app_", "buntime_worker_"))}
        self.assertEqual(of_apps, set())

    def test_open_layout_is_the_same_in_numbers(self):
        sim = self.simulator("--release", "0.5.4", "--api-key-file", self.runtime_key, "--speed", "0", "--warmup", "95s")
        with_key = self.exporter("--runtime.url", sim.url, "--runtime.api-key-file", self.key_file).wait_until_up()
        without = self.exporter("--runtime.url", sim.url, "--runtime.layout", "open").wait_until_up()
        open_now = {key: value for key, value in without.samples.items()
                    if key[0].startswith(("buntime_pool_", "buntime_workers_", "buntime_ephemeral_", "buntime_uptime"))}
        self.assertGreater(len(open_now), 12)
        for (name, labels), value in open_now.items():
            if name in ("buntime_pool_total", "buntime_pool_requests_unserved_total"):
                continue  # workers tell more
            self.assertEqual(with_key.value(name, **dict(labels)), value, name)

    def test_wrong_key_until_the_file_is_mended(self):
        self.write("key", WRONG)
        exporter = self.start("--runtime.api-key-file", self.key_file)
        page = self.wait_for(exporter, "unauthorized")
        self.assertEqual(page.value("buntime_up"), 0)
        self.assertEqual(page.value("buntime_runtime_info", layout="open"), 1)
        self.assert_pool_alone(page)
        uptime = page.value("buntime_uptime_seconds")
        eventually(lambda: exporter.metrics().value("buntime_uptime_seconds") > uptime + 2)
        self.assertEqual(exporter.metrics().outcome(), "unauthorized")
        cause = exporter.log(outcome="unauthorized")[0]["cause"]
        self.assertIn("refuses the key", cause)
        self.assertIn(self.key_file, cause)
        self.check_secrets(exporter)
        self.write("key", KEY)
        exporter.wait_until_up()
        self.check_secrets(exporter)

    def test_rotation_the_way_kubernetes_does_it(self):
        """The file is a link, and the link is replaced."""
        link = os.path.join(self.folder(), "link")
        os.symlink(self.key_file, link)
        exporter = self.start("--runtime.api-key-file", link)
        exporter.wait_until_up()
        os.symlink(self.write("next", WRONG), link + ".new")
        os.rename(link + ".new", link)
        self.wait_for(exporter, "unauthorized")
        os.symlink(self.key_file, link + ".new")
        os.rename(link + ".new", link)
        exporter.wait_until_up()

    def test_file_that_disappears_or_empties_leaves_the_last_good_key(self):
        exporter = self.start("--runtime.api-key-file", self.key_file)
        exporter.wait_until_up()
        os.unlink(self.key_file)
        eventually(lambda: self.key_file in str(exporter.log(level="warn")))
        self.write("key", "")
        polls = exporter.metrics().value("buntime_exporter_polls_total", outcome="ok")
        eventually(lambda: exporter.metrics().value("buntime_exporter_polls_total", outcome="ok") > polls + 3)
        self.assertEqual(exporter.metrics().value("buntime_up"), 1)
        self.assertEqual(len(exporter.log(level="warn")), 1, "one line a change, not a poll")
        self.check_secrets(exporter)

    def test_revoked_key(self):
        exporter = self.start("--runtime.api-key-file", self.key_file)
        exporter.wait_until_up()
        self.sim.control("scenario", name="key-revoked")
        self.wait_for(exporter, "unauthorized")
        self.sim.control("scenario", name="key-restored")
        exporter.wait_until_up()
        self.check_secrets(exporter)

    def test_a_key_goes_nowhere_but_to_the_stats(self):
        def answer(request):
            if request[0].endswith("/admin/stats"):
                return json_answer(json.dumps({"pool": {"uptimeMs": 1}, "workers": {}}).encode())
            return json_answer(b'{"version":"9"}')

        runtime = self.fake_runtime(answer)
        exporter = self.exporter("--runtime.url", runtime.url, "--runtime.api-key-file", self.key_file)
        eventually(lambda: exporter.metrics().select("buntime_runtime_info", version="9"))
        for path, headers in runtime.requests:
            self.assertEqual(headers.get("x-api-key"), KEY if path.endswith("/admin/stats") else None, path)
            self.assertNotIn("authorization", headers)
            self.assertRegex(headers["user-agent"], r"^buntime-exporter/\d")

    def test_proxies_of_the_environment_do_not_see_it(self):
        proxy = self.fake_runtime(lambda request: (502, {}, b""))
        environment = {name: proxy.url for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY")}
        exporter = self.exporter("--runtime.url", self.sim.url, "--runtime.api-key-file", self.key_file,
                                 environment=environment)
        exporter.wait_until_up()
        self.assertEqual(proxy.requests, [])


if __name__ == "__main__":
    unittest.main()
