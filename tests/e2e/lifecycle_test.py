"""From exec to exit: the first answer, stopping with clients and runtimes in every state."""

import contextlib
import re
import signal
import socket
import statistics
import subprocess
import threading
import time
import unittest

from client import Connection, connect, fetch, read_to_end, split_answer
from exposition import Exposition
from programs import ProgramTest
from support import SANITIZED, TIME_FACTOR, binary, eventually

DEAD = "http://127.0.0.1:9"
SCRAPE = b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


class StartTest(ProgramTest):
    def test_first_answer(self):
        sim = self.simulator("--warmup", "30s")
        times = [self.seconds_to_first_answer(sim.url) for _ in range(7)]
        median = statistics.median(times)
        self.report(f"first /metrics answer after {median * 1000:.1f} ms (median of 7, worst {max(times) * 1000:.1f})")
        self.assertLess(median, 0.5 * TIME_FACTOR)

    def seconds_to_first_answer(self, url):
        started = time.perf_counter()
        with subprocess.Popen([binary("EXPORTER"), "--runtime.url", url, "--web.listen-address", "127.0.0.1:0"],
                              stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as child:
            try:
                address = re.search(r"address=(\S+)", child.stderr.readline())[1]
                self.assertEqual(fetch(f"http://{address}/metrics").status, 200)
                seconds = time.perf_counter() - started
            finally:
                child.terminate()
            self.assertEqual(child.wait(10 * TIME_FACTOR), 0)
        return seconds

    def test_answers_although_the_runtime_hangs(self):
        sim = self.simulator("--warmup", "30s")
        exporter = self.exporter("--runtime.url", sim.url, "--poll.interval", "30s", "--poll.timeout", "30s",
                                 fast=False)
        exporter.wait_until_up()
        hanging = self.simulator("--fault", "stall")
        other = self.exporter("--runtime.url", hanging.url, "--poll.interval", "30s", "--poll.timeout", "30s",
                              fast=False)
        for _ in range(20):
            for process in (exporter, other):
                started = time.monotonic()
                process.metrics()
                self.assertLess(time.monotonic() - started, 3 * TIME_FACTOR)


class StopTest(ProgramTest):
    def check_stop(self, exporter, number=signal.SIGTERM, within=4.0):
        started = time.monotonic()
        exporter.signal(number)
        self.assertEqual(exporter.wait(), 0)
        self.assertLess(time.monotonic() - started, within * TIME_FACTOR)
        # A poll that was about to end may still say so.
        last = [line for line in exporter.log() if line["msg"] not in ("runtime is up", "runtime is down")][-1]
        self.assertEqual((last["msg"], last["signal"]), ("stopping", signal.Signals(number).name))

    def test_both_signals(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(signal=number):
                exporter = self.exporter("--runtime.url", DEAD)
                exporter.metrics()
                self.check_stop(exporter, number)
                with self.assertRaises(ConnectionRefusedError):
                    fetch(exporter.url)

    def test_with_idle_clients(self):
        exporter = self.exporter("--runtime.url", DEAD)
        with contextlib.ExitStack() as stack:
            for _ in range(20):
                stack.enter_context(Connection(exporter.url)).request("/-/healthy")
            half = stack.enter_context(connect(exporter.url))
            half.sendall(b"GET /metr")
            self.check_stop(exporter)

    def test_while_the_runtime_hangs(self):
        sim = self.simulator("--fault", "stall")
        exporter = self.exporter("--runtime.url", sim.url, "--poll.interval", "1m", "--poll.timeout", "1m", fast=False)
        eventually(lambda: sim.truth()["answers"]["sabotaged"])
        self.check_stop(exporter)

    def test_while_a_name_is_being_resolved(self):
        exporter = self.exporter("--runtime.url", "http://no-such-host.invalid", "--poll.interval", "1m",
                                 "--poll.timeout", "1m", fast=False)
        self.check_stop(exporter)

    def large_exporter(self):
        sim = self.simulator("--workers", "20000", "--speed", "0")
        exporter = self.exporter("--runtime.url", sim.url, "--worker.limit", "20000", "--poll.interval", "20s",
                                 fast=False)
        eventually(lambda: b"buntime_up 1\n" in exporter.get("/metrics").body)
        return exporter

    def slow_client(self, exporter):
        """Has asked for a page that does not fit into the buffers between the two, and has read its beginning."""
        sock = socket.socket()
        self.addCleanup(sock.close)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.settimeout(30 * TIME_FACTOR)
        host, port = exporter.url.removeprefix("http://").split(":")
        sock.connect((host, int(port)))
        sock.sendall(SCRAPE)
        return sock, sock.recv(1000)

    def test_scrape_in_flight_finishes(self):
        exporter = self.large_exporter()
        sock, beginning = self.slow_client(exporter)
        exporter.signal(signal.SIGTERM)
        eventually(lambda: self.refuses(exporter.url))
        self.assertTrue(exporter.running(), "it left a client in the middle of its answer")
        answer = split_answer(beginning + read_to_end(sock))
        self.assertEqual(int(answer.headers["content-length"]), len(answer.body))
        self.assertGreater(len(answer.body), 5_000_000)
        if not SANITIZED:
            Exposition(answer.text)
        self.assertEqual(exporter.wait(), 0)

    @staticmethod
    def refuses(url):
        try:
            connect(url).close()
        except ConnectionRefusedError:
            return True
        except ConnectionResetError:  # it was in the queue of the socket that has just been closed
            return False
        return False

    def test_client_that_never_reads_on(self):
        exporter = self.large_exporter()
        self.slow_client(exporter)
        self.check_stop(exporter, within=8)

    def test_signal_in_the_midst_of_scrapes(self):
        sim = self.simulator("--warmup", "30s")
        exporter = self.exporter("--runtime.url", sim.url)
        exporter.wait_until_up()
        broken = []

        def scrape():
            with contextlib.suppress(ConnectionError):
                while True:
                    with connect(exporter.url) as sock:
                        sock.sendall(SCRAPE)
                        data = read_to_end(sock)
                    if not data:
                        return  # accepted by the kernel, not by the exporter
                    answer = split_answer(data)
                    if int(answer.headers["content-length"]) != len(answer.body):
                        broken.append(len(answer.body))

        threads = [threading.Thread(target=scrape) for _ in range(8)]
        for thread in threads:
            thread.start()
        served = "buntime_exporter_http_requests_total"
        eventually(lambda: exporter.metrics().value(served, path="/metrics", code="200") > 50)
        self.check_stop(exporter, within=5)
        for thread in threads:
            thread.join()
        self.assertEqual(broken, [])

    def test_descriptors_do_not_leak(self):
        sim = self.simulator("--warmup", "30s")
        exporter = self.exporter("--runtime.url", sim.url)
        exporter.wait_until_up()

        def descriptors():
            return exporter.metrics().value("process_open_fds")

        before = descriptors()
        for fault in ("refuse", "stall", "reset-body", "close"):
            sim.fault(fault)
            eventually(lambda: exporter.metrics().value("buntime_up") == 0)
            sim.clear()
            exporter.wait_until_up()
        for _ in range(50):
            exporter.get("/-/healthy")
        eventually(lambda: self.assertLessEqual(descriptors(), before + 3) or True)


if __name__ == "__main__":
    unittest.main()
