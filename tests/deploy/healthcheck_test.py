"""--healthcheck, asked about servers that are well, locked in every way, hung, gone, or somebody else."""

import os
import signal
import socket
import sys
import unittest

sys.path[:0] = [os.path.join(os.path.dirname(__file__), "..", folder) for folder in ("e2e", "security")]
from locked import CHEAP_HASH, LockedTest  # noqa: E402  (the path above comes first)

NO_RUNTIME = "http://127.0.0.1:1"


class HealthcheckTest(LockedTest):
    def port(self, exporter):
        return exporter.url.rsplit(":", 1)[1]

    def check(self, *flags, environment=None, deadline=10):
        """Status and the one line of a health check."""
        process, status = self.run_exporter("--healthcheck", *flags, environment=environment, deadline=deadline)
        self.assertEqual(process.output(), "")
        return status, process.errors()

    def assert_healthy(self, *flags, environment=None):
        self.assertEqual(self.check(*flags, environment=environment), (0, ""))

    def assert_sick(self, *words, flags):
        status, line = self.check(*flags)
        self.assertEqual((status, line.count("\n")), (1, 1), line)
        for word in words:
            self.assertIn(word, line)

    def listen(self, exporter, host="127.0.0.1"):
        return ["--web.listen-address", f"{host}:{self.port(exporter)}"]

    def test_a_server_is_found_wherever_it_listens(self):
        for host in ("127.0.0.1", "0.0.0.0", "[::]", ""):
            with self.subTest(host=host):
                exporter = self.exporter("--runtime.url", NO_RUNTIME, "--web.listen-address", f"{host}:0", addresses=1)
                self.assert_healthy(*self.listen(exporter, host))

    def test_the_environment_says_where_the_server_is_as_it_told_the_server(self):
        exporter = self.exporter("--runtime.url", NO_RUNTIME)
        self.assert_healthy(environment={"BUNTIME_EXPORTER_WEB_LISTEN_ADDRESS": f"127.0.0.1:{self.port(exporter)}"})

    def test_tls_users_and_client_certificates_are_no_obstacle(self):
        users = f"basic_auth_users: {{prometheus: {CHEAP_HASH}}}"
        required = "client_auth_type: RequireAndVerifyClientCert\nclient_ca_file: ca.pem"
        cases = {"plain": (None, users, ()), "tls": ("", "", ()),
                 "password for health, too": ("", users, ("--web.health-auth",)),
                 "client certificates": (required, "", ()),
                 "the same in TLS 1.2": (required + "\nmax_version: TLS12", "", ()),
                 "the same in TLS 1.3": (required + "\nmin_version: TLS13", "", ())}
        for case, (tls, rest, flags) in cases.items():
            with self.subTest(case):
                self.configure(tls, rest)
                exporter = self.start(*flags)
                self.assert_healthy(*self.listen(exporter), *flags, "--web.config.file", self.path("web.yml"))
                exporter.stop()

    def test_a_server_that_hangs_is_sick(self):
        required = "client_auth_type: RequireAndVerifyClientCert\nclient_ca_file: ca.pem"
        for tls in (None, "", required):
            with self.subTest(tls=tls):
                self.configure(tls)
                exporter = self.start()
                exporter.signal(signal.SIGSTOP)
                self.addCleanup(exporter.signal, signal.SIGCONT)  # or it could not be stopped
                self.assert_sick("did not answer within 3s",
                                 flags=[*self.listen(exporter), "--web.config.file", self.path("web.yml")])

    def test_what_is_wrong_is_said_in_one_line(self):
        with socket.socket() as unused:  # bound and not listening: nobody else gets the port
            unused.bind(("127.0.0.1", 0))
            port = unused.getsockname()[1]
            self.assert_sick("no exporter answers: check that it runs", flags=["--web.listen-address", f"127.0.0.1:{port}"])
        stranger = self.fake_runtime(lambda *_: (404, {}, b"what?"))
        self.assert_sick("status 404", "nothing else listens",
                         flags=["--web.listen-address", stranger.url.removeprefix("http://")])
        self.assert_sick("port 0", "name a port", flags=["--web.listen-address", ":0"])
        self.assert_sick("not an address", flags=["--web.listen-address", "nonsense"])
        self.assert_sick("missing.yml", flags=["--web.config.file", self.path("missing.yml")])

    def test_a_locked_health_page_is_one_only_where_the_flags_say_so(self):
        self.configure(None, f"basic_auth_users: {{prometheus: {CHEAP_HASH}}}")
        exporter = self.start("--web.health-auth")
        self.assert_sick("status 401", flags=[*self.listen(exporter), "--web.config.file", self.path("web.yml")])


if __name__ == "__main__":
    unittest.main()
