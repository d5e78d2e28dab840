"""Pages of other origins: which answers they may read behind TLS and a password, and that a reload decides it."""

import unittest

from client import fetch
from events import EventStream
from locked import CHEAP_HASH, USER, LockedTest, basic
from support import eventually

OURS = "https://status.example.org"
OTHER = "https://evil.example"
USERS = f"basic_auth_users: {{{USER}: {CHEAP_HASH}}}"
API = "/metrics/api/metrics/"
ALLOW = "access-control-allow-origin"


class CorsTest(LockedTest):
    def preflight(self, exporter, path, origin=OURS):
        return fetch(exporter.url + path, "OPTIONS", {"Origin": origin, "Access-Control-Request-Method": "GET",
                                                      "Access-Control-Request-Headers": "authorization"})

    def test_only_the_documented_api_and_only_for_listed_origins(self):
        self.configure(tls=None, rest=f"{USERS}\ncors_allowed_origins: ['{OURS}']")
        exporter = self.start()
        for path in (API, API + "stats", API + "runtimes", API + "prometheus", API + "openapi.json", API + "sse"):
            with self.subTest(path):
                answer = self.preflight(exporter, path)
                self.assertEqual((answer.status, answer.headers[ALLOW], answer.body), (204, OURS, b""))
                self.assertIn("Authorization", answer.headers["access-control-allow-headers"])
                refused = self.preflight(exporter, path, OTHER)
                self.assertEqual((refused.status, refused.headers.get(ALLOW)), (403, None))
                locked = exporter.get(path, headers={"Origin": OURS})
                self.assertEqual((locked.status, locked.headers[ALLOW]), (401, OURS))
                if path.endswith("sse"):
                    continue
                let_in = exporter.get(path, headers={"Origin": OURS, **basic()})
                self.assertNotEqual(let_in.status, 401)
                self.assertEqual(let_in.headers[ALLOW], OURS)
                self.assertIn("Origin", let_in.headers["vary"])
                other = exporter.get(path, headers={"Origin": OTHER, **basic()})
                self.assertEqual((other.status, other.headers.get(ALLOW)), (let_in.status, None))
                self.assertIn("Origin", other.headers["vary"])
        for path in ("/metrics", "/", "/api/view", "/targets", "/config", "/-/reload", "/probe"):
            with self.subTest(path):
                self.assertEqual(self.preflight(exporter, path).status, 401)
                self.assertNotIn(ALLOW, exporter.get(path, headers={"Origin": OURS, **basic()}).headers)

    def test_a_stream_is_read_by_an_allowed_origin(self):
        sim = self.simulator("--release", "0.2.26")
        self.configure(tls=None, rest=f"cors_allowed_origins: ['{OURS}']")
        exporter = self.start(runtime=sim.url)
        exporter.wait_until_up()
        with EventStream(exporter.url, API + "sse", headers=[f"Origin: {OURS}"]) as stream:
            self.assertEqual((stream.status, stream.headers[ALLOW]), (200, OURS))
            self.assertIn("pool", stream.next().data)

    def test_off_by_default_and_changed_by_a_reload(self):
        self.configure(tls=None, rest="rate_limit: {interval: 1ms, burst: 1000}")
        exporter = self.start()
        self.assertEqual(self.preflight(exporter, API).status, 405)
        self.assertNotIn(ALLOW, exporter.get(API, headers={"Origin": OURS}).headers)
        self.configure(tls=None, rest="cors_allowed_origins: ['*']")
        eventually(lambda: self.preflight(exporter, API).status == 204)
        answer = exporter.get(API, headers={"Origin": OTHER})
        self.assertEqual(answer.headers[ALLOW], "*")
        self.assertNotIn("access-control-allow-credentials", answer.headers)
        self.configure(tls=None, rest="cors_allowed_origins: ['https://a.example/path']")
        eventually(lambda: exporter.log(msg="cannot reload the web configuration: the last good one stays in force"))
        self.assertEqual(self.preflight(exporter, API).status, 204)

    def test_over_tls(self):
        self.configure(rest=f"{USERS}\ncors_allowed_origins: ['{OURS}']")
        exporter = self.start()
        self.assertEqual(self.get(exporter, API, {"Origin": OURS}).status, 401)
        answer = self.get(exporter, API, {"Origin": OURS, **basic()})
        self.assertEqual(answer.headers[ALLOW], OURS)
        self.assertEqual(answer.headers["access-control-allow-credentials"], "true")


if __name__ == "__main__":
    unittest.main()
