"""TLS: versions, suites, curves, and what happens to those who speak something else."""

import os
import socket
import ssl
import subprocess
import unittest

from client import connect, raw_exchange, read_to_end
from locked import EXPIRY, LockedTest
from support import eventually

V = ssl.TLSVersion


class TlsTest(LockedTest):
    def s_client(self, exporter, *flags):
        """What `openssl s_client` says about a connection: its status and its output."""
        done = subprocess.run(
            ["openssl", "s_client", "-connect", exporter.url.removeprefix("http://"), "-CAfile", self.ca.file,
             "-verify_return_error", "-brief", *flags], input="", capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    def test_versions(self):
        # Which of TLS 1.0 to 1.3 are spoken, by what the configuration says.
        flags = {"1.0": ["-tls1"], "1.1": ["-tls1_1"], "1.2": ["-tls1_2"], "1.3": ["-tls1_3"]}
        cases = {"": ["1.2", "1.3"], "min_version: TLS13": ["1.3"], "max_version: TLS12": ["1.2"],
                 "min_version: TLS10": ["1.0", "1.1", "1.2", "1.3"],
                 "min_version: TLS11\nmax_version: TLS11": ["1.1"]}
        for tls, spoken in cases.items():
            self.configure(tls)
            exporter = self.start()
            for version, flag in flags.items():
                with self.subTest(config=tls, version=version):
                    status, said = self.s_client(exporter, *flag, "-cipher", "ALL:@SECLEVEL=0")
                    self.assertEqual(status == 0, version in spoken, said)
            exporter.stop()

    def test_suites_and_curves(self):
        self.configure("max_version: TLS12\ncipher_suites: [TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, "
                       "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256]\ncurve_preferences: [CurveP384]")
        exporter = self.start()
        status, said = self.s_client(exporter, "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305")
        self.assertEqual(status, 0, said)
        self.assertIn("ECDHE-ECDSA-CHACHA20-POLY1305", said, "the server's order counts")
        self.assertIn("secp384r1", said)
        self.assertNotEqual(self.s_client(exporter, "-cipher", "ECDHE-ECDSA-AES256-GCM-SHA384")[0], 0)
        self.assertNotEqual(self.s_client(exporter, "-curves", "X25519")[0], 0)
        exporter.stop()
        self.configure("max_version: TLS12\nprefer_server_cipher_suites: false\ncipher_suites: "
                       "[TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256]")
        said = self.s_client(self.start(), "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305")[1]
        self.assertIn("ECDHE-ECDSA-AES128-GCM-SHA256", said, "the client's order counts")

    def test_weak_things_are_not_offered(self):
        self.configure()
        exporter = self.start()
        for cipher in ("AES128-SHA", "AES256-GCM-SHA384", "NULL", "aNULL", "DHE", "PSK"):
            status, said = self.s_client(exporter, "-tls1_2", "-cipher", f"{cipher}:@SECLEVEL=0")
            self.assertNotEqual(status, 0, f"{cipher}: {said}")

    def test_sessions_are_not_resumed(self):
        self.configure()
        exporter = self.start()
        for version in (V.TLSv1_2, V.TLSv1_3):
            context = self.context()
            context.minimum_version = context.maximum_version = version
            with socket.create_connection(self.address(exporter)) as sock:
                with context.wrap_socket(sock, server_hostname="localhost") as first:
                    first.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                    read_to_end(first)
                    session = first.session
            self.assertFalse(session is not None and session.has_ticket, version)
            with socket.create_connection(self.address(exporter)) as sock:
                with context.wrap_socket(sock, server_hostname="localhost", session=session) as second:
                    self.assertFalse(second.session_reused, version)

    def test_application_protocol(self):
        self.configure()
        exporter = self.start()
        status, said = self.s_client(exporter, "-alpn", "h2,http/1.1")
        self.assertEqual(status, 0, said)
        self.assertNotEqual(self.s_client(exporter, "-alpn", "h2")[0], 0, "HTTP/2 is not spoken here")

    def test_curl_is_content(self):
        self.configure()
        url = self.start().url.replace("http:", "https:")
        for flags in (["--tls-max", "1.2"], ["--tlsv1.3"], ["--http2"]):
            done = subprocess.run(["curl", "-sS", "--fail", "--cacert", self.ca.file, *flags, url + "/metrics"],
                                  capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("buntime_up 0\n", done.stdout)

    def test_large_pages_arrive_whole(self):
        self.configure()
        sim = self.simulator("--fault", "too-many-workers=20000")
        exporter = self.start("--worker.limit", "20000", runtime=sim.url)
        with self.connect(exporter) as connection:
            def large():
                page = connection.get("/metrics")
                return page if len(page.body) > 5_000_000 else None

            self.assertIn("\nprocess_start_time_seconds ", eventually(large).text)

    def test_plain_http_is_told_so(self):
        self.configure(rest="http_server_config: {headers: {X-Frame-Options: deny}}")
        exporter = self.start()
        for request in (b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n", b"HEAD / HTTP/1.0\r\n\r\n",
                        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n" + b"x" * 100_000):
            answer = raw_exchange(exporter.url, request)
            self.assertEqual(answer.status, 400)
            self.assertEqual(answer.headers["x-frame-options"], "deny")
            self.assertEqual(answer.headers["connection"], "close")
            self.assertEqual(answer.body, b"this address speaks HTTPS: begin its URL with https://\n")

    def test_garbage_ends_quietly(self):
        self.configure()
        exporter = self.start("--log.level", "debug")
        hello = bytes.fromhex("160301020001000001fc0303")
        for garbage in (b"\0" * 100, b"\xff" * 20_000, b"\x16\x03\x01\xff\xff" + b"x" * 70_000, hello + b"\0" * 600,
                        b"\x15\x03\x01\x00\x02\x02\x28", b"\x80\x2e\x01\x00\x02", b"SSH-2.0-x\r\n", b"\n", b"PRI * HTTP"):
            with connect(exporter.url) as sock:
                try:
                    sock.sendall(garbage)
                    sock.shutdown(socket.SHUT_WR)
                    read_to_end(sock)
                except OSError:
                    pass  # reset: also an end
        with connect(exporter.url) as sock:
            sock.sendall(hello)  # and then gone
        self.assertEqual(self.get(exporter, "/-/healthy").status, 200)
        causes = {line["cause"] for line in exporter.log(msg="TLS handshake failed")}
        self.assertTrue(causes)
        self.assertEqual({line["client"] for line in exporter.log(msg="TLS handshake failed")}, {"127.0.0.1"})

    def test_half_closed_clients(self):
        self.configure()
        exporter = self.start()
        raw = socket.create_connection(self.address(exporter))
        with self.context().wrap_socket(raw, server_hostname="localhost") as sock:
            sock.sendall(b"GET /-/healthy HTTP/1.1\r\nHost: a\r\n\r\n")
            with socket.socket(fileno=os.dup(sock.fileno())) as bare:
                bare.shutdown(socket.SHUT_WR)  # without TLS' own goodbye
            self.assertIn(b"200 OK", sock.recv(4096))
            self.assertEqual(sock.recv(4096), b"")

    def test_certificate_of_a_day_long_past(self):
        self.ca.issue("ended", "DNS:localhost,IP:127.0.0.1", days=-1)
        self.write("web.yml", "tls_server_config: {cert_file: ended.pem, key_file: ended.key}\n")
        exporter = self.start()
        self.assertEqual(len(exporter.log(level="warn", msg="the certificate of --web.config.file has expired")), 1)
        with self.assertRaisesRegex(ssl.SSLError, "certificate has expired"):
            self.get(exporter, "/metrics")
        careless = ssl._create_unverified_context()  # pylint: disable=protected-access
        text = self.get(exporter, "/metrics", context=careless).text
        self.assertIn(f"{EXPIRY} 1580515200\n", text)

    def test_no_metric_without_tls(self):
        self.configure(tls=None)
        self.assertNotIn(EXPIRY, self.start().get("/metrics").text)


if __name__ == "__main__":
    unittest.main()
