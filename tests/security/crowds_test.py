"""More clients than places, than handshakes or passwords can be checked, than memory: who is let in and health checks
are served within the time that a scraper waits, and what was taken is given back."""

import contextlib
import http.client
import os
import resource
import signal
import socket
import ssl
import threading
import time
import unittest

from client import connect
from locked import CHEAP_HASH, USER, LockedTest, PlainConnection, basic
from pki import openssl
from support import MEMORY_FACTOR, MIB, SANITIZED, TIME_FACTOR, eventually

CROWD = 300 if SANITIZED else 2060
USERS = f"basic_auth_users: {{{USER}: {CHEAP_HASH}}}"
# A login that takes 14 s.
SLOW_HASH = CHEAP_HASH.replace("$04$", "$18$")


def slow_socket(address, source="127.0.0.1"):
    """A socket that takes little before it is read."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.bind((source, 0))
    sock.settimeout(20 * TIME_FACTOR)
    sock.connect(address)
    return sock


def client_hello():
    """The first bytes of a client that speaks TLS 1.3."""
    context = ssl.create_default_context()
    to_server = ssl.MemoryBIO()
    with contextlib.suppress(ssl.SSLWantReadError):
        context.wrap_bio(ssl.MemoryBIO(), to_server, server_hostname="localhost").do_handshake()
    return to_server.read()


class CrowdsTest(LockedTest):
    def setUp(self):
        super().setUp()
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        if hard < 3 * CROWD:
            self.skipTest("the limit of open files is too low here")

    def assert_prompt(self, ask, what, status=200, seconds=10):
        started = time.monotonic()
        self.assertEqual(ask().status, status, what)
        took = time.monotonic() - started
        self.assertLess(took, seconds * TIME_FACTOR, what)
        return took

    @staticmethod
    def descriptors(exporter):
        return len(os.listdir(f"/proc/{exporter.pid}/fd"))

    def test_refusals_that_are_not_read(self):
        self.configure(tls=None, rest=USERS)
        exporter = self.start()
        address = self.address(exporter)
        scraper = PlainConnection(address)
        self.assertEqual(scraper.get("/metrics", basic()).status, 200)
        requests = b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n" * 3000
        crowd, longest = [], 0
        for number in range(CROWD):
            sock = slow_socket(address)
            sock.setblocking(False)
            with contextlib.suppress(BlockingIOError, ConnectionError):
                sock.send(requests)
            crowd.append(sock)
            if number % 100 == 0 or number > CROWD - 10:
                longest = max(longest,
                              self.assert_prompt(lambda: scraper.get("/metrics", basic()), "a scrape on an open connection"),
                              self.assert_prompt(lambda: exporter.get("/metrics", headers=basic()), "a new scrape"),
                              self.assert_prompt(lambda: exporter.get("/-/healthy"), "health"))
        self.report(f"{CROWD} clients that read no refusal: the slowest answer took {longest * 1000:.0f} ms")
        for sock in crowd:
            sock.close()
        scraper.close()

    def flood_handshakes(self, address, rate, over):
        """Opens connections that say hello and no more, `rate` a second, until `over` is set; keeps the latest."""
        hello, kept, started, count = client_hello(), [], time.monotonic(), 0
        while not over.is_set():
            while count < (time.monotonic() - started) * rate:
                count += 1
                with contextlib.suppress(OSError):
                    sock = socket.create_connection(address, timeout=5)
                    sock.sendall(hello)
                    kept.append(sock)
                if len(kept) > CROWD:
                    kept.pop(0).close()
            time.sleep(0.002)
        for sock in kept:
            sock.close()

    def test_more_handshakes_than_can_be_computed(self):
        self.configure(rest=USERS)
        key, certificate = self.path("server.key"), self.path("server.pem")
        openssl("req", "-newkey", "rsa:4096", "-nodes", "-keyout", key, "-out", self.path("server.csr"), "-subj", "/CN=s")
        openssl("x509", "-req", "-in", self.path("server.csr"), "-CA", self.ca.file, "-CAkey", self.path("ca.key"),
                "-CAcreateserial", "-out", certificate, "-extfile", self.path("server.ext"), "-days", "30")
        exporter = self.start()
        self.assertEqual(self.get(exporter, "/metrics", basic()).status, 200)
        before = self.descriptors(exporter)
        over = threading.Event()
        flood = threading.Thread(target=self.flood_handshakes, args=(self.address(exporter), 500, over))
        flood.start()
        try:
            # A friend at another address.
            def scrape(path="/metrics", headers=None):
                connection = http.client.HTTPSConnection(*self.address(exporter), timeout=20 * TIME_FACTOR,
                                                         context=self.context(), source_address=("127.0.0.2", 0))
                with contextlib.closing(connection):
                    connection.request("GET", path, headers=headers or {})
                    answer = connection.getresponse()
                    answer.read()
                    return answer

            longest = 0
            end = time.monotonic() + (5 if SANITIZED else 15)
            while time.monotonic() < end:
                longest = max(longest, self.assert_prompt(lambda: scrape(headers=basic()), "a scrape"),
                              self.assert_prompt(lambda: scrape("/-/healthy"), "health"))
                time.sleep(0.1)
        finally:
            over.set()
            flood.join()
        self.report(f"500 handshakes a second of RSA-4096: the slowest answer at another address took {longest:.2f} s")
        eventually(lambda: self.descriptors(exporter) <= before + 2, 15 * TIME_FACTOR)
        self.assert_prompt(lambda: self.get(exporter, "/metrics", basic()), "after the flood")

    def test_documents_that_are_not_read(self):
        workers, readers = 2000, 300
        sim = self.simulator("--workers", str(workers))
        exporter = self.exporter("--runtime.url", sim.url)
        exporter.wait_until_up()
        size = len(exporter.get("/api/workers").body)
        self.assertGreater(size * readers, 60 * MIB, "too little to tell")
        before = exporter.memory()[0]
        crowd = []
        for _ in range(readers):
            sock = slow_socket(self.address(exporter))
            sock.sendall(b"GET /api/workers HTTP/1.1\r\nHost: a\r\n\r\n")
            crowd.append(sock)
        for sock in crowd:
            self.assertTrue(sock.recv(100).startswith(b"HTTP/1.1 200"))
        self.assert_prompt(lambda: exporter.get("/metrics"), "a scrape")
        grown = exporter.memory()[1] - before
        self.report(f"{readers} readers of a document of {size / MIB:.1f} MiB: {grown / MIB:.1f} MiB more at the peak")
        self.assertLess(grown, 40 * MIB * MEMORY_FACTOR)
        for sock in crowd:
            sock.close()

    def test_the_end_does_not_wait_for_a_password(self):
        self.configure(tls=None, rest=f"basic_auth_users: {{{USER}: {SLOW_HASH}}}")
        exporter = self.start()
        with connect(exporter.url) as sock:
            head = f"GET / HTTP/1.1\r\nHost: a\r\nAuthorization: {basic()['Authorization']}\r\n\r\n"
            sock.sendall(head.encode())
            busy = exporter.cpu_seconds() + 0.2
            eventually(lambda: exporter.cpu_seconds() > busy)
            started = time.monotonic()
            exporter.signal(signal.SIGTERM)
            self.assertIn(b"429", sock.recv(4096))
        self.assertEqual(exporter.wait(), 0)
        self.assertLess(time.monotonic() - started, 2 * TIME_FACTOR)


if __name__ == "__main__":
    unittest.main()
