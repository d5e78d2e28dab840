"""Targets that a hostile scraper might ask for. All of them are stand-ins on loopback: one address is allowed, the others
are not, and none of these tests sends anything anywhere else."""

import socket
import unittest
from contextlib import closing

from fake_runtime import json_answer
from probe_test import SECRET, ProbeTest, released
from support import SANITIZED, binary, eventually

ALLOWED = "127.0.0.2"


class HostileTargetTest(ProbeTest):
    """The forbidden runtime listens on 127.0.0.1; only 127.0.0.2 may be probed. The module has a key to lose."""

    def setUp(self):
        self.forbidden = self.fake_runtime(lambda request: released(666))
        self.port = self.forbidden.url.rpartition(":")[2]
        key = self.write("key", SECRET)
        self.module = f"{{api_key_file: {key}, allowed_targets: [{ALLOWED}/32, .moving.test]}}"

    def tearDown(self):
        self.assertEqual(self.forbidden.requests, [], "something reached the forbidden address")

    def refused(self, exporter, target, status, words):
        answer = self.probe(exporter, target)
        self.assertEqual(answer.status, status, f"{target}: {answer.text}")
        self.assertIn(words, answer.text)
        self.assertEqual(answer.text.count("\n"), 1)
        self.assertNotIn(SECRET, answer.text + exporter.errors())

    def test_spellings_of_a_forbidden_address(self):
        exporter = self.probing(f"  default: {self.module}\n")
        for host in ("127.0.0.1", "2130706433", "0x7f000001", "017700000001", "0x7f.0.0.1", "0177.0.0.01", "127.1",
                     "127.0.1", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:127.0.0.1]", "[::127.0.0.1]",
                     "0.0.0.0", "0", "[::]", "[::1]", "localhost", "127.0.0.3"):
            with self.subTest(host=host):
                self.refused(exporter, f"{host}:{self.port}", 403, "allowed_targets")
                self.refused(exporter, f"https://{host}:{self.port}/x", 403, "allowed_targets")

    def test_the_allowed_address_is_reached_in_every_spelling(self):
        with closing(socket.create_server((ALLOWED, 0))) as server:
            port = server.getsockname()[1]
            server.listen()
            server.settimeout(10)
            exporter = self.probing("  default: {timeout: 100ms, allowed_targets: [%s/32]}\n" % ALLOWED)
            for host in (ALLOWED, "2130706434", "0x7f000002", "127.2", f"[::ffff:{ALLOWED}]"):
                answer = self.probe(exporter, f"{host}:{port}")
                self.assertEqual(answer.status, 200, answer.text)
                server.accept()[0].close()

    def test_schemes_and_urls_that_are_none(self):
        exporter = self.probing(f"  default: {self.module}\n")
        for target, words in (
                ("file:/etc/passwd", "no valid host"), ("file:///etc/passwd", "only http and https"),
                (f"gopher://127.0.0.1:{self.port}/_x", "only http and https"),
                (f"ftp://127.0.0.1:{self.port}/", "only http and https"),
                (f"http://u:{SECRET}@127.0.0.1:{self.port}/", "holds credentials"),
                (f"http://{ALLOWED}@127.0.0.1:{self.port}/", "holds credentials"),
                (f"http://{ALLOWED}:1\\@127.0.0.1:{self.port}/", "holds credentials"),
                (f"http://127.0.0.1:{self.port}\r\nX-API-Key: x/", "no valid host"),
                (f"http://{ALLOWED}:1/a\r\nHost: 127.0.0.1", "cannot hold"),
                (f"http://{ALLOWED}:1/a b", "cannot hold"), (f"http://{ALLOWED}:1/?x=1", "query or fragment"),
                (f"http://{ALLOWED}:1/#x", "query or fragment"), ("http://", "no valid host"), (":80", "no valid host"),
                (f"http://{ALLOWED}:99999", "no valid host"), ("x" * 300, "no valid host"), ("[::1", "no valid host"),
                (f"http:/{ALLOWED}", "no valid host"), ("\u2460\u2461\u2466.0.0.1", "no valid host")):
            with self.subTest(target=target[:60]):
                self.refused(exporter, target, 400, words)
        self.assertEqual(exporter.get("/probe").status, 400)
        self.assertEqual(exporter.get("/probe?target=%zz").status, 400)
        self.assertEqual(exporter.get(f"/probe?target={ALLOWED}&target=127.0.0.1:{self.port}").status, 400)

    def test_metadata_addresses_are_refused_by_the_rule(self):
        # Refused before anything is sent: this test would fail, not connect.
        exporter = self.probing("  default: {allowed_targets: [0.0.0.0/0, '::/0', .internal]}\n")
        for host in ("169.254.169.254", "2852039166", "[::ffff:169.254.169.254]", "[fe80::1]", "[fd00:ec2::254]",
                     "100.100.100.200", f"127.0.0.1:{self.port}"):
            with self.subTest(host=host):
                self.refused(exporter, host, 403, "only a rule for that very range allows it")

    def test_redirect_to_a_forbidden_address_is_not_followed(self):
        location = f"{self.forbidden.url}/metrics/admin/stats"
        lure = self.fake_runtime(lambda request: (302, {"Location": location}, b""))
        key = self.write("key", SECRET)
        port = lure.url.rpartition(":")[2]
        exporter = self.probing(f"  default: {{api_key_file: {key}, allowed_targets: ['127.0.0.1/32:{port}']}}\n")
        answer = self.probe(exporter, lure.url)
        self.assertEqual(answer.status, 200)
        self.assertIn("which is not followed", answer.text)
        self.assertTrue(lure.requests)
        self.refused(exporter, self.forbidden.url, 403, "allowed_targets")

    @unittest.skipIf(SANITIZED, "a sanitizer has to be the first library of a program")
    def test_name_that_moves_to_a_forbidden_address(self):
        names = self.write("names", "")
        allowed = self.fake_runtime(
            lambda request: json_answer(b'{"version": "0.5.4"}') if "health" in request[0] else released(1))
        port = allowed.url.rpartition(":")[2]
        exporter = self.probing("  a: {allowed_targets: [127.0.0.1/32]}\n  b: {allowed_targets: [%s/32]}\n"
                                "  c: {allowed_targets: [.moving.test]}\n" % ALLOWED,
                                environment={"LD_PRELOAD": binary("MOVING_NAMES_LIBRARY"), "MOVING_NAMES": names})
        name = f"http://x.moving.test:{port}"
        self.write("names", "x.moving.test 127.0.0.1\n")
        self.assertEqual(self.probe(exporter, name, module="a").status, 200)
        # The answer does not wait for the version, which is asked for next.
        eventually(lambda: any("health" in path for path, _ in allowed.requests))
        self.write("names", f"x.moving.test {ALLOWED}\n")
        seen = len(allowed.requests)
        for module in ("b", "c"):
            # The open connection to 127.0.0.1 is not used, and where the name is now is asked anew.
            answer = self.probe(exporter, name, module=module)
            self.assertEqual((answer.status, module == "b"), (200 if module == "b" else 403, module == "b"), answer.text)
        self.write("names", "x.moving.test 127.0.0.1\n")
        for module in ("b", "c"):
            answer = self.probe(exporter, name, module=module)
            self.assertEqual(answer.status, 403, answer.text)
            self.assertIn("x.moving.test is at 127.0.0.1", answer.text)
        self.assertEqual(len(allowed.requests), seen)


if __name__ == "__main__":
    unittest.main()
