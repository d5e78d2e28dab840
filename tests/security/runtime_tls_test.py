"""TLS towards the runtime, and its key: what is checked when the configuration is loaded, what is warned about, and
that a runtime which asks for a certificate gets it, also after all of it was replaced."""

import contextlib
import json
import os
import re
import signal
import socket
import ssl
import struct
import threading
import unittest

from locked import RELOADS, LockedTest
from pki import Authority, openssl
from programs import FAST, Exporter
from support import Process, binary, eventually

PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../exporter/docs/configuration.md")
KEY = "k3y-0f-an-4dmin"
ADVICE = "look at the configuration"
UNVERIFIED = ("nobody checks who answers, so anyone on the way can read the credential and invent the numbers: "
              "name the runtime's CA in ca_file instead")
# Each exchange has a connection, and so a handshake, of its own.
STATS = (200, {"Content-Type": "application/json", "Connection": "close"},
         json.dumps({"pool": {"uptimeMs": 1}, "workers": {}}).encode())


class AtATerminal(Exporter):
    """An exporter with a terminal of its own, at which nobody sits."""

    def __init__(self, flags, folder):  # pylint: disable=super-init-not-called
        self.terminal, other_end = os.openpty()
        Process.__init__(self, ["setsid", "--ctty", binary("EXPORTER"), *flags], folder, stdin=other_end)
        os.close(other_end)
        self.urls = []


class RuntimeTlsTest(LockedTest):
    """The folder holds a CA, a runtime's certificate (`server`), ours (`client`) and a key."""

    def setUp(self):
        super().setUp()
        self.write("key", KEY)

    def demanding(self, ca, certificate="server"):
        """TLS as spoken by a runtime that wants a certificate of that CA."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.path(certificate + ".pem"), self.path(certificate + ".key"))
        context.load_verify_locations(ca.file)
        context.verify_mode = ssl.CERT_REQUIRED
        return context

    def runtime(self):
        return self.fake_runtime(lambda _: STATS, self.demanding(self.ca))

    def config(self, url="https://127.0.0.1:1", tls="ca_file: ca.pem\ncert_file: client.pem\nkey_file: client.key",
               key="key"):
        """The URL stands in line 2, the key in line 3, TLS from line 5 on."""
        lines = ["runtimes:", f"- url: {url}", f"  api_key_file: {key}", "  tls:"]
        lines += ["    " + line for line in tls.splitlines()]
        os.replace(self.write("buntime.new", "\n".join(lines) + "\n"), self.path("buntime.yml"))
        return self.path("buntime.yml")

    def check(self):
        """--config.check: its status, what it prints and what it complains about."""
        exporter, status = self.run_exporter("--config.file", self.path("buntime.yml"), "--config.check")
        return status, exporter.output(), exporter.errors()

    def test_bad_files_are_found_by_the_check_and_at_the_start(self):
        self.write("text.pem", "nothing of the kind")
        self.write("empty", "")
        openssl("ec", "-in", self.path("client.key"), "-aes128", "-passout", "pass:x", "-out", self.path("locked.key"))
        path, whole = self.path, "ca_file: ca.pem\ncert_file: client.pem\nkey_file: client.key"
        cases = [
            (3, "api_key_file", {"key": "none"},
             f"cannot read the secret file {path('none')}: No such file or directory"),
            (3, "api_key_file", {"key": "empty"}, f"the secret file {path('empty')} is empty: write the secret into it"),
            (5, "tls.ca_file", {"tls": whole.replace("ca.pem", "none")},
             f"cannot read {path('none')}: No such file or directory"),
            (5, "tls.ca_file", {"tls": whole.replace("ca.pem", "text.pem")},
             f"{path('text.pem')} holds no certificate (-----BEGIN CERTIFICATE-----)"),
            (6, "tls.cert_file", {"tls": whole.replace("client.pem", "client.key")},
             f"{path('client.key')} holds no certificate (-----BEGIN CERTIFICATE-----)"),
            (7, "tls.key_file", {"tls": whole.replace("client.key", "text.pem")},
             f"{path('text.pem')} holds no private key"),
            (7, "tls.key_file", {"tls": whole.replace("client.key", "locked.key")},
             f"the key in {path('locked.key')} is encrypted: give it without a passphrase and protect the file "
             "instead"),
            (7, "tls.key_file", {"tls": whole.replace("client.key", "server.key")},
             f"the key in {path('server.key')} does not belong to the certificate in {path('client.pem')}: "
             "name the two that were issued together"),
            (5, f"tls.cert_file '{path('client.pem')}'", {"tls": "cert_file: client.pem"},
             "a certificate and its key belong together: give tls.cert_file and tls.key_file"),
        ]
        for line, setting, spoiled, why in cases:
            file = self.config(**spoiled)
            with self.subTest(why=why):
                complaint = f"buntime-exporter: {file}:{line}: runtimes[0].{setting}: {why}\n"
                self.assertEqual(self.check(), (1, "", complaint))
                exporter, status = self.run_exporter("--config.file", file, "--web.listen-address", "127.0.0.1:0")
                self.assertEqual((status, exporter.errors()), (1, complaint))
        self.config()
        self.assertEqual(self.check(), (0, "the configuration is valid\n", ""))

    def test_modules_are_checked_alike(self):
        """What /probe does with a target is configured by the same keys."""
        module = "modules:\n  default:\n    allowed_targets: [10.0.0.0/8]\n    api_key_file: {key}\n    tls: {tls}\n"
        for settings, line, why in [
                ({"key": "none", "tls": "{}"}, 4, f"api_key_file: cannot read the secret file {self.path('none')}: "
                                                  "No such file or directory"),
                ({"key": "key", "tls": "{ca_file: none}"}, 5, f"tls.ca_file: cannot read {self.path('none')}: "
                                                              "No such file or directory"),
                ({"key": "key", "tls": "{cert_file: client.pem, key_file: server.key}"}, 5,
                 "tls.key_file: the key in ")]:
            file = self.write("buntime.yml", module.format(**settings))
            with self.subTest(why=why):
                status, _, complaint = self.check()
                self.assertEqual(status, 1)
                self.assertRegex(complaint, rf"\Abuntime-exporter: {file}:{line}: modules\S*\.{why}")
        file = self.write("buntime.yml", module.format(key="key", tls="{insecure_skip_verify: true}"))
        status, _, complaint = self.check()
        self.assertEqual(status, 0)
        self.assertRegex(complaint, rf"warning: {file}:5: modules\S*\.tls\.insecure_skip_verify: {UNVERIFIED}")

    def test_the_example_of_the_documentation(self):
        with open(PAGE, encoding="utf-8") as file:
            example = re.search(r"```yaml\n(poll:.*?)```", file.read(), re.DOTALL)[1]
        self.ca.issue("exporter", "DNS:exporter.test")
        os.mkdir(self.path("keys"))
        for secret in re.findall(r"keys/\w+", example):
            self.write(secret, KEY)
        self.write("buntime.yml", example)
        self.assertEqual(self.check(), (0, "the configuration is valid\n", ""))

    def test_what_has_ended_and_what_is_not_verified_is_a_warning(self):
        self.ca.issue("client", "DNS:prometheus.test", days=-1)
        file = self.config(tls="insecure_skip_verify: true\ncert_file: client.pem\nkey_file: client.key")
        ended = (f"{file}:6: runtimes[0].tls.cert_file: the certificate in {self.path('client.pem')} has expired: "
                 "renew it")
        unverified = f"{file}:5: runtimes[0].tls.insecure_skip_verify: {UNVERIFIED}"
        warnings = "".join(f"buntime-exporter: warning: {text}\n" for text in (ended, unverified))
        self.assertEqual(self.check(), (0, "the configuration is valid\n", warnings))
        for flags in ([], ["--once"]):
            exporter, _ = (self.run_exporter("--config.file", file, "--once") if flags
                           else (self.exporter("--config.file", file), 0))
            self.assertEqual([line["cause"] for line in exporter.log(level="warn", msg=ADVICE)], [ended, unverified])

    def test_a_reload_warns_of_what_it_brings(self):
        self.config(tls="ca_file: ca.pem")
        exporter = self.exporter("--config.file", self.path("buntime.yml"))

        def reload():
            count = len(exporter.log(msg="reloaded the configuration"))
            exporter.signal(signal.SIGHUP)
            self.await_reload(exporter, count + 1, "reloaded the configuration")
            return len(exporter.log(msg=ADVICE))

        self.assertEqual(reload(), 0)
        file = self.config(tls="insecure_skip_verify: true")
        self.assertEqual(reload(), 1)
        self.assertEqual(exporter.log(msg=ADVICE)[0]["cause"],
                         f"{file}:5: runtimes[0].tls.insecure_skip_verify: {UNVERIFIED}")
        self.assertEqual(reload(), 1, "said again, although nothing is new")
        self.config(tls="ca_file: ca.pem")
        self.assertEqual(reload(), 1)
        self.config(tls="insecure_skip_verify: true")
        self.assertEqual(reload(), 2)

    def test_a_reload_with_a_bad_file_changes_nothing(self):
        runtime = self.runtime()
        self.config(runtime.url)
        exporter = self.exporter("--config.file", self.path("buntime.yml"))
        exporter.wait_until_up()
        self.config(runtime.url, tls="ca_file: ca.pem\ncert_file: client.pem\nkey_file: server.key")
        eventually(lambda: exporter.metrics().value(RELOADS) == 0)
        cause = exporter.log(msg="cannot reload: the last good configuration stays in force")[0]["cause"]
        self.assertTrue(cause.startswith(f"{self.path('buntime.yml')}:7: runtimes[0].tls.key_file: "), cause)
        polls = len(runtime.requests)
        eventually(lambda: len(runtime.requests) > polls + 3)
        exporter.wait_until_up()

    def test_our_certificate_is_replaced(self):
        runtime = self.runtime()
        self.config(runtime.url)
        exporter = self.exporter("--config.file", self.path("buntime.yml"))
        exporter.wait_until_up()
        self.assertEqual({headers.get("x-api-key") for path, headers in runtime.requests if path.endswith("/stats")},
                         {KEY})
        other = Authority(self.folder(), "other_ca")
        runtime.context = self.demanding(other)
        # With TLS 1.3 the server may have closed before its reason is heard, so the outcome is its or "connect".
        eventually(lambda: exporter.metrics().value("buntime_up") == 0)
        other.issue("client", "DNS:prometheus.test")  # over the old one, and nobody is told
        exporter.wait_until_up()

    def test_nobody_is_asked_for_a_passphrase(self):
        """At a terminal, OpenSSL would ask for that of a key which was encrypted meanwhile, while all polls wait."""
        runtime = self.runtime()
        self.config(runtime.url)
        flags = ["--config.file", self.path("buntime.yml"), "--web.listen-address", "127.0.0.1:0", *FAST]
        exporter = AtATerminal(flags, self.folder())
        self.addCleanup(os.close, exporter.terminal)
        self.adopt(exporter).wait_until_listening().wait_until_up()
        openssl("ec", "-in", self.path("client.key"), "-aes128", "-passout", "pass:x", "-out", self.path("locked.key"))
        os.replace(self.path("locked.key"), self.path("client.key"))
        eventually(lambda: exporter.metrics().value("buntime_up") == 0)
        self.assertIn(self.path("client.key"), exporter.log(outcome="internal")[0]["cause"])
        self.ca.issue("client", "DNS:prometheus.test")
        exporter.wait_until_up()

    def test_strangers_get_no_key(self):
        """A server that cannot prove who it is, sees neither a request nor a key."""
        Authority(self.folder(), "other_ca").issue("stranger", "DNS:localhost,IP:127.0.0.1")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.path("stranger.pem"), self.path("stranger.key"))
        runtime = self.fake_runtime(lambda _: STATS, context)
        self.config(runtime.url)
        exporter = self.exporter("--config.file", self.path("buntime.yml"))
        eventually(lambda: exporter.metrics().outcome() == "tls")
        self.assertIn("unknown CA", exporter.log(outcome="tls")[0]["cause"])
        self.assertEqual(runtime.requests, [])
        self.config(runtime.url, tls="insecure_skip_verify: true")
        exporter.wait_until_up()


    def test_a_runtime_that_hangs_up_on_a_client_without_certificate(self):
        """With TLS 1.3 the client may be through before it is refused, and never hear why."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.path("server.pem"), self.path("server.key"))
        context.load_verify_locations(self.ca.file)
        context.verify_mode = ssl.CERT_OPTIONAL
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)

        def serve():
            with contextlib.suppress(OSError):
                while True:
                    plain, _ = listener.accept()
                    with context.wrap_socket(plain, server_side=True) as connection:
                        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

        threading.Thread(target=serve, daemon=True).start()
        file = self.config(f"https://127.0.0.1:{listener.getsockname()[1]}", tls="ca_file: ca.pem")
        for _ in range(5):
            exporter, status = self.run_exporter("--config.file", file, "--once")
            self.assertEqual(status, 1)
            self.assertIn('buntime_poll_outcome{outcome="tls"} 1', exporter.output())
            self.assertIn("it wants a client certificate: set tls.cert_file and tls.key_file", exporter.errors())


if __name__ == "__main__":
    unittest.main()
