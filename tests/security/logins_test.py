"""Passwords: who gets in, what those hear who do not, and that no secret shows anywhere."""

import unittest

from client import connect, fetch, raw_exchange, read_to_end
from exposition import Exposition
from locked import CHEAP_HASH, PASSWORD, USER, USUAL_HASH, LockedTest, basic, percentile, timed
from support import eventually

USERS = f"basic_auth_users: {{{USER}: {CHEAP_HASH}}}"
CHALLENGE = 'Basic realm="Buntime exporter", charset="UTF-8"'


class LoginsTest(LockedTest):
    def test_over_plain_http(self):
        self.configure(tls=None, rest=USERS)
        exporter = self.start()
        self.assertEqual(exporter.get("/metrics", headers=basic()).status, 200)
        for path in ("/metrics", "/", "/nowhere"):
            for headers in ({}, basic(password="wrong"), basic(user="nobody"), basic(PASSWORD, USER),
                            {"Authorization": "Bearer " + PASSWORD}, {"Authorization": "Basic " + "A" * 8000}):
                answer = exporter.get(path, headers=headers)
                self.assertEqual(answer.status, 401)
                self.assertEqual(answer.headers["www-authenticate"], CHALLENGE)
                self.assertNotIn("buntime_up", answer.text)
        page = Exposition(exporter.get("/metrics", headers=basic()).text)
        self.assertEqual(page.value("buntime_exporter_http_requests_total", path="/metrics", code="401"), 6)

    def test_over_tls_with_a_certificate(self):
        self.configure("client_auth_type: RequireAndVerifyClientCert\nclient_ca_file: ca.pem", USERS)
        exporter = self.start()
        self.assertEqual(self.get(exporter, "/metrics", basic(), "client").status, 200)
        self.assertEqual(self.get(exporter, "/metrics", basic(password="x"), "client").status, 401)
        self.assertEqual(self.get(exporter, "/metrics", {}, "client").status, 401)
        self.assert_turned_away(exporter)

    def test_health_is_open_unless_told_otherwise(self):
        self.configure(tls=None, rest=USERS)
        for flags, status in (([], 200), (["--web.health-auth=false"], 200), (["--web.health-auth"], 401),
                              (["--web.health-auth=true"], 401)):
            exporter = self.start(*flags)
            with self.subTest(flags=flags):
                self.assertEqual(exporter.get("/-/healthy").status, status)
                eventually(lambda: exporter.get("/-/ready", headers=basic()).status == 200)
                self.assertEqual(exporter.get("/-/ready").status, status)
                self.assertEqual(exporter.get("/-/healthy", headers=basic()).status, 200)
                self.assertEqual(exporter.get("/-/healthy/").status, 401)
                self.assertEqual(exporter.get("/%2d/healthy").status, status, "paths are compared decoded")

    def test_headers_stand_on_every_answer(self):
        headers = {"x-frame-options": "deny", "content-security-policy": "default-src https:",
                   "strict-transport-security": "max-age=1", "x-xss-protection": "0", "x-content-type-options": "nosniff"}
        listed = "".join(f'    {"X-XSS-Protection" if "xss" in name else name.title()}: "{value}"\n'
                         for name, value in headers.items())
        self.configure(tls=None, rest=f"{USERS}\nhttp_server_config:\n  headers:\n{listed}")
        exporter = self.start()
        for answer in (exporter.get("/metrics", headers=basic()), exporter.get("/metrics"),
                       exporter.get("/", headers=basic()), exporter.get("/-/healthy"),
                       exporter.get("/", method="POST", headers=basic()), raw_exchange(exporter.url, b"\0\r\n\r\n")):
            self.assertLessEqual(headers.items(), answer.headers.items())

    def test_rate_limit(self):
        self.configure(tls=None, rest=f"{USERS}\nrate_limit: {{interval: 1h, burst: 3}}")
        exporter = self.start()
        # Who was let in once has a bucket that strangers do not use up.
        self.assertEqual(exporter.get("/metrics", headers=basic()).status, 200)
        self.assertEqual([exporter.get("/metrics").status for _ in range(5)], [401, 401, 429, 429, 429])
        self.assertEqual([exporter.get("/metrics", headers=basic()).status for _ in range(4)], [200, 200, 200, 429])
        answer = exporter.get("/metrics", headers=basic())
        self.assertEqual(answer.status, 429)
        self.assertGreater(int(answer.headers["retry-after"]), 3000)
        self.assertEqual(exporter.get("/-/healthy").status, 200)

    def test_a_stranger_takes_as_long_as_a_user(self):
        self.configure(tls=None, rest=f"basic_auth_users: {{{USER}: {USUAL_HASH}}}")
        exporter = self.start()

        # Work instead of time: a machine that others use delays one more than the other. Passwords differ, for equal
        # ones could be checked together.
        def work(user, count=15):
            before = exporter.cpu_seconds()
            for number in range(count):
                self.assertEqual(exporter.get("/", headers=basic(user, f"wrong{number}")).status, 401)
            return (exporter.cpu_seconds() - before) / count

        known, unknown = work(USER), work("nobody")
        self.report(f"a wrong password takes {known * 1000:.1f} ms of work, an unknown user {unknown * 1000:.1f} ms")
        self.assertGreater(min(known, unknown), 0.015, "bcrypt did not run")
        self.assertLess(max(known, unknown) / min(known, unknown), 1.5)

    def test_first_login_and_later_ones(self):
        self.configure(tls=None, rest=f"basic_auth_users: {{{USER}: {USUAL_HASH}}}")
        exporter = self.start()
        first = timed(lambda: exporter.get("/", headers=basic()))
        later = percentile([timed(lambda: exporter.get("/", headers=basic())) for _ in range(20)], 0.5)
        self.report(f"the first login takes {first * 1000:.1f} ms, later ones {later * 1000:.2f} ms")
        self.assertLess(later, 0.015)

    def test_smuggled_credentials(self):
        self.configure(tls=None, rest=USERS)
        exporter = self.start()
        good = f"Authorization: {basic()['Authorization']}\r\n".encode()
        bad = f"Authorization: {basic(password='x')['Authorization']}\r\n".encode()
        head = b"GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
        # The first of two counts, whatever a proxy in front may think.
        self.assertEqual(raw_exchange(exporter.url, head + bad + good + b"\r\n").status, 401)
        self.assertEqual(raw_exchange(exporter.url, head + good + bad + b"\r\n").status, 200)
        # A login is good for its own request only, also when more are sent at once.
        with connect(exporter.url) as sock:
            sock.sendall(b"GET /metrics HTTP/1.1\r\nHost: a\r\n" + good + b"\r\n" + head + b"\r\n")
            answers = read_to_end(sock)
        self.assertEqual(answers.count(b"HTTP/1.1 200"), 1)
        self.assertEqual(answers.count(b"HTTP/1.1 401"), 1)

    def test_no_secret_shows(self):
        with open(self.path("server.key"), encoding="utf-8") as file:
            key = file.read()
        inline = "".join(f"    {line}\n" for line in key.splitlines())
        with open(self.path("server.pem"), encoding="utf-8") as file:
            certificate = "".join(f"    {line}\n" for line in file.read().splitlines())
        self.write("web.yml", f"tls_server_config:\n  cert: |\n{certificate}  key: |\n{inline}{USERS}\n")
        exporter = self.start("--log.level", "debug")
        seen = ""
        for headers in (basic(), basic(password="wr0ng-passw0rd"), basic(user="wr0ng-user"), {}):
            for path in ("/metrics", "/", "/nowhere", "/-/healthy"):
                answer = self.get(exporter, path, headers)
                seen += answer.text + str(answer.headers)
        # A broken edit of each secret.
        for broken in (f"tls_server_config:\n  cert: |\n{certificate}  key: |\n{inline.replace('M', 'N')}",
                       f"basic_auth_users: {{{USER}: {CHEAP_HASH}x}}", f"basic_auth_users: {{{USER}: {PASSWORD}}}"):
            refusals = len(exporter.log(level="error"))
            self.write("web.yml", broken)
            exporter.signal(1)  # SIGHUP
            eventually(lambda: len(exporter.log(level="error")) > refusals)
        seen += exporter.shown_by_the_system() + exporter.errors() + exporter.output()
        for secret in (PASSWORD, CHEAP_HASH, CHEAP_HASH[29:], "wr0ng-passw0rd", "wr0ng-user", "PRIVATE KEY",
                       key.splitlines()[1], basic()["Authorization"][6:]):
            self.assertNotIn(secret, seen)

    def test_check_of_the_configuration(self):
        self.configure(rest=USERS)
        flags = ("--runtime.url", "http://a", "--web.config.file", self.path("web.yml"), "--config.check")
        exporter, status = self.run_exporter(*flags)
        self.assertEqual((status, exporter.output()), (0, "the configuration is valid\n"))
        self.ca.issue("server", "DNS:other")  # another key ...
        self.configure("client_auth_type: RequireAndVerifyClientCert\nclient_ca_file: nowhere.pem")
        for arguments in (flags, flags[:-1]):
            exporter, status = self.run_exporter(*arguments)
            self.assertEqual(status, 1)
            self.assertEqual(exporter.errors(), f"buntime-exporter: {self.path('web.yml')}:5: "
                             f"tls_server_config.client_ca_file: cannot read {self.path('nowhere.pem')}: "
                             "No such file or directory\n")

    def test_empty_file_locks_nothing(self):
        self.write("web.yml", "")
        self.assertEqual(fetch(self.start().url + "/metrics").status, 200)


if __name__ == "__main__":
    unittest.main()
