"""What HTTP clients get: pages, compression, refusals, connections, addresses."""

import gzip
import html.parser
import socket
import unittest

from client import Connection, connect, fetch, raw_exchange, read_to_end, split_answer
from exposition import Exposition
from programs import ProgramTest
from support import SANITIZED, eventually

TEXT = "text/plain; charset=utf-8"
DEAD = "http://127.0.0.1:9"

# Accept-Encoding, and whether the answer is compressed.
ENCODINGS = [(None, False), ("", False), ("gzip", True), ("GZIP", True), ("x-gzip", True), ("identity", False),
             ("deflate, br", False), ("gzip;q=0", False), ("gzip;q=0.000", False), ("gzip; q=0.5", True),
             ("gzip;q=0.5, identity", False), ("identity;q=0.5, gzip;q=1.0", True), ("*", True), ("*;q=0", False),
             ("gzip;q=0, *", False), ("deflate, gzip;q=0.1, *;q=0", True), ("gzip;q=nonsense", False),
             ("br;q=1.0, gzip;q=0.8, *;q=0.1", True), (",,gzip", True)]


class StrictHtml(html.parser.HTMLParser):
    """Every element closed in its order; collects elements and text."""

    VOID = {"meta", "link", "br", "hr", "img", "input"}

    def __init__(self, text):
        super().__init__()
        self.open, self.elements, self.text, self.links, self.doctype = [], [], "", [], None
        self.feed(text)
        self.close()
        assert not self.open, f"not closed: {self.open}"
        assert self.doctype == "DOCTYPE html", self.doctype

    def handle_decl(self, decl):
        self.doctype = decl

    def handle_starttag(self, tag, attrs):
        self.elements.append(tag)
        self.links += [value for name, value in attrs if name == "href"]
        assert not any(name.startswith("on") for name, _ in attrs), "a script in an attribute"
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-1:]}"
        self.open.pop()

    def handle_data(self, data):
        self.text += data


class PagesTest(ProgramTest):
    def setUp(self):
        self.sim = self.simulator("--warmup", "30s")
        self.exp = self.exporter("--runtime.url", self.sim.url)
        self.exp.wait_until_up()

    def test_get_and_head(self):
        for path, kind in [("/metrics", "text/plain; version=0.0.4; charset=utf-8"), ("/-/healthy", TEXT),
                           ("/-/ready", TEXT), ("/", "text/html; charset=utf-8")]:
            with self.subTest(path=path):
                got = self.exp.get(path)
                head = self.exp.get(path, method="HEAD")
                self.assertEqual((got.status, head.status), (200, 200))
                self.assertEqual((got.headers["content-type"], head.headers["content-type"]), (kind, kind))
                self.assertEqual(int(got.headers["content-length"]), len(got.body))
                self.assertEqual(head.body, b"")
                self.assertEqual(got.headers.keys(), head.headers.keys())
                self.assertGreater(int(head.headers["content-length"]), 0)
        self.assertEqual(self.exp.get("/-/healthy").text, "healthy\n")
        self.assertEqual(self.exp.get("/-/ready").text, "ready\n")

    def test_compression(self):
        plain = Exposition(self.exp.get("/metrics").text)
        for accepted, compressed in ENCODINGS:
            with self.subTest(accept_encoding=accepted):
                headers = {} if accepted is None else {"Accept-Encoding": accepted}
                answer = self.exp.get("/metrics", headers=headers)
                self.assertEqual(answer.headers["vary"], "Accept-Encoding")
                self.assertEqual(answer.headers.get("content-encoding"), "gzip" if compressed else None)
                text = gzip.decompress(answer.body).decode() if compressed else answer.text
                self.assertLessEqual(plain.families.keys(), Exposition(text).families.keys())

    def test_open_metrics_is_not_offered(self):
        answer = self.exp.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
        self.assertEqual(answer.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8")
        Exposition(answer.text)

    def test_query_does_not_matter(self):
        self.assertEqual(self.exp.get("/metrics?debug=1").status, 200)

    def test_refusals(self):
        cases = [("GET", "/nothing", 404), ("GET", "/metrics/", 404), ("GET", "/-/health", 404),
                 ("GET", "/../../etc/passwd", 404), ("GET", "/%00", 400), ("GET", "/" + "x" * 5000, 414),
                 ("GET", "/metrics?" + "x" * 5000, 414), ("GET", "/" + "x" * 50_000, 414), ("POST", "/metrics", 405),
                 ("PUT", "/", 405), ("DELETE", "/-/healthy", 405), ("OPTIONS", "/metrics", 405),
                 ("POST", "/nothing", 404)]
        for method, path, status in cases:
            with self.subTest(method=method, path=path[:40]):
                answer = self.exp.get(path, method=method)
                self.check_refusal(answer, status)
                self.assertEqual(answer.headers.get("allow"), "GET, HEAD" if status == 405 else None)

    def check_refusal(self, answer, status):
        self.assertEqual(answer.status, status)
        self.assertEqual(answer.headers["content-type"], TEXT)
        self.assertRegex(answer.text, r"\A[^\n<>]+\n\Z", "not one line")

    def test_malformed_requests(self):
        host = b"Host: x\r\n"
        cases = [(b"GET / HTTP/1.1\r\n" + host + b"X: " + b"y" * 20_000 + b"\r\n\r\n", 431),
                 (b"GET / HTTP/1.1\r\n" + host + b"X: y\r\n" * 4000 + b"\r\n", 431),
                 (b"nonsense\r\n\r\n", 400), (b"GET / HTTP/2.0\r\n" + host + b"\r\n", 505),
                 (b"GET /\r\n\r\n", 400), (b"GET / HTTP/1.1\r\n\r\n", 400),
                 (b"GET / HTTP/1.1\r\n" + host + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
                 (b"POST / HTTP/1.1\r\n" + host + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411),
                 (b"GET / HTTP/1.1\r\n" + host + b"Bad Header: x\r\n\r\n", 400),
                 (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400)]
        for request, status in cases:
            with self.subTest(request=request[:40]):
                self.check_refusal(raw_exchange(self.exp.url, request), status)
        self.assertEqual(self.exp.get("/-/healthy").status, 200)

    def test_keep_alive(self):
        with Connection(self.exp.url) as connection:
            for path in ["/metrics", "/-/healthy", "/nothing", "/metrics", "/"] * 4:
                self.assertIn(connection.request(path).status, (200, 404))

    def test_pipelined_requests_are_answered_in_order(self):
        with connect(self.exp.url) as sock:
            sock.sendall(b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\nGET /nothing HTTP/1.1\r\nHost: x\r\n\r\n"
                         b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            data = read_to_end(sock)
        first, second = data.index(b"healthy\n"), data.index(b"nothing is served at")
        self.assertLess(first, second)
        last = split_answer(data[data.index(b"HTTP/1.1 200", second):])
        Exposition(last.text)

    def test_connections_that_are_to_end(self):
        for request in (b"GET /metrics HTTP/1.0\r\n\r\n",
                        b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"):
            Exposition(raw_exchange(self.exp.url, request).text)

    def test_self_metrics_move(self):
        first, second = self.exp.metrics(), self.exp.metrics()
        for name in ("buntime_exporter_http_requests_total", "buntime_exporter_http_request_duration_seconds_count"):
            labels = {"path": "/metrics", **({"code": "200"} if name.endswith("total") else {})}
            self.assertEqual(second.value(name, **labels) - first.value(name, **labels), 1, name)
        self.exp.get("/nothing")
        third = self.exp.metrics()
        self.assertEqual(third.value("buntime_exporter_http_requests_total", path="other", code="404"), 1)
        self.assertGreaterEqual(third.value("process_cpu_seconds_total"), first.value("process_cpu_seconds_total"))
        resident, _ = self.exp.memory()
        self.assertAlmostEqual(third.value("process_resident_memory_bytes") / resident, 1, delta=0.3)
        eventually(lambda: self.exp.metrics().value("buntime_exporter_polls_total", outcome="ok")
                   > third.value("buntime_exporter_polls_total", outcome="ok"))

    def test_paths_of_clients_do_not_become_labels(self):
        for index in range(30):
            self.exp.get(f"/random/{index}")
        paths = {dict(labels)["path"] for labels in self.exp.metrics().select("buntime_exporter_http_requests_total")}
        self.assertLessEqual(paths, {"/metrics", "other"})


class PageTest(ProgramTest):
    def test_may_load_nothing_from_elsewhere(self):
        exporter = self.exporter("--runtime.url", DEAD, "--web.telemetry-path", "/other/metrics")
        for path in ("/", "/workers"):
            answer = exporter.get(path)
            page = StrictHtml(answer.text)
            self.assertIn("default-src 'none'", answer.headers["content-security-policy"])
            self.assertFalse([link for link in page.links if "//" in link and link.startswith("http://")])
        self.assertEqual(exporter.get("/other/metrics").status, 200)
        self.assertEqual(exporter.get("/metrics").status, 404)

    def test_has_the_file_that_it_has(self):
        exporter = self.exporter("--runtime.url", DEAD)
        etag = exporter.get("/").headers["etag"]
        again = exporter.get("/", headers={"If-None-Match": etag})
        self.assertEqual((again.status, again.body), (304, b""))


class ReadinessTest(ProgramTest):
    def test_ready_once_tried_whatever_the_outcome(self):
        sim = self.simulator("--fault", "stall")
        wait = "8s" if SANITIZED else "2s"
        exporter = self.exporter("--runtime.url", f"hangs={sim.url}", "--runtime.url", f"dead={DEAD}",
                                 "--poll.interval", wait, fast=False)
        answer = exporter.get("/-/ready")
        self.assertEqual(answer.status, 503)
        self.assertRegex(answer.text, r"\Anot ready: [12] of 2 runtimes have not been polled yet\n\Z")
        self.assertEqual(exporter.get("/-/healthy").status, 200)
        page = exporter.metrics()
        self.assertEqual((page.select("buntime_up", runtime="hangs"), page.outcome(runtime="hangs")), ({}, ""))
        eventually(lambda: exporter.get("/-/ready").status == 200)
        page = exporter.metrics()
        self.assertEqual((page.outcome(runtime="hangs"), page.outcome(runtime="dead")), ("timeout", "connect"))


class AddressesTest(ProgramTest):
    def test_two_addresses_and_ipv6(self):
        exporter = self.exporter("--runtime.url", DEAD, "--web.listen-address", "127.0.0.1:0",
                                 "--web.listen-address", "[::1]:0", addresses=2)
        self.assertRegex(exporter.urls[0], r"^http://127\.0\.0\.1:\d+$")
        self.assertRegex(exporter.urls[1], r"^http://\[::1\]:\d+$")
        for url in exporter.urls:
            self.assertEqual(fetch(url + "/-/healthy").status, 200)

    def test_port_alone_is_every_address_of_both_families(self):
        exporter = self.exporter("--runtime.url", DEAD, "--web.listen-address", ":0", addresses=1)
        port = exporter.url.rsplit(":", 1)[1]
        for host in ("127.0.0.1", "[::1]", "127.0.0.9"):
            self.assertEqual(fetch(f"http://{host}:{port}/-/healthy").status, 200)

    def test_runtime_at_an_ipv6_address(self):
        sim = self.simulator("--listen", "[::1]:0", "--warmup", "30s")
        self.assertEqual(socket.getaddrinfo("::1", 1)[0][0], socket.AF_INET6)
        self.exporter("--runtime.url", sim.url).wait_until_up()


if __name__ == "__main__":
    unittest.main()
