"""Memory, threads and descriptors that the system refuses, at the start and later: never the end of the program, but a clear
message, a failed poll, a 503; and all is well again once there is enough."""

import contextlib
import gzip
import http.client
import json
import os
import re
import resource
import subprocess
import threading
import time
import unittest

from client import connect
from fake_runtime import json_answer
from locked import CHEAP_HASH, LockedTest, basic
from memory_test import stats
from programs import ProgramTest
from support import MIB, SANITIZED, binary, eventually

DEAD = "http://127.0.0.1:9"
USERS = f"basic_auth_users: {{prometheus: {CHEAP_HASH}}}"


def run_with(*command):
    """Status and standard error of an exporter that this command starts, and that ends by itself."""
    done = subprocess.run([*command, binary("EXPORTER"), "--runtime.url", DEAD, "--web.listen-address", "127.0.0.1:0"],
                          capture_output=True, text=True, timeout=20, check=False)
    return done.returncode, done.stderr


def limit(process, what, most=None):
    """Of a running process; without `most`, none again."""
    _, hard = resource.prlimit(process.pid, what)
    resource.prlimit(process.pid, what, (hard if most is None else most, hard))


def private_memory(process):
    with open(f"/proc/{process.pid}/status", encoding="ascii") as file:
        return int(re.search(r"VmData:\s+(\d+) kB", file.read())[1]) * 1024


@unittest.skipIf(SANITIZED, "a sanitizer takes more memory than any limit")
class MemoryTest(LockedTest):
    def starve(self, exporter, room=0):
        """From now on it gets no memory beyond `room`, threads neither: their stacks are memory."""
        limit(exporter, resource.RLIMIT_DATA, private_memory(exporter) + room)
        self.addCleanup(self.feed, exporter)

    @staticmethod
    def attempt(ask):
        """Its result; nothing where the connection was closed, as it is when there is no memory to serve it."""
        with contextlib.suppress(OSError, http.client.HTTPException):
            return ask()
        return None

    @staticmethod
    def feed(exporter):
        with contextlib.suppress(ProcessLookupError):
            limit(exporter, resource.RLIMIT_DATA)

    def test_an_answer_without_memory_is_a_failed_poll(self):
        workers = [b'"app-%07d@1":{"requestCount":1,"ageMs":1,"status":"active"}' % i for i in range(40_000)]
        bodies = {"small": stats(workers[:3]), "large": stats(workers)}
        served = ["small"]
        runtime = self.fake_runtime(lambda _: json_answer(bodies[served[0]]))
        exporter = self.exporter("--runtime.url", runtime.url + "/stats")
        exporter.wait_until_up()
        for room in (0, 1 * MIB, 4 * MIB, 6 * MIB, 9 * MIB, 12 * MIB, 16 * MIB):
            with self.subTest(room=room):
                self.starve(exporter, room)
                served[0] = "large"
                asked = len(runtime.requests)
                eventually(lambda: len(runtime.requests) > asked + 4)
                page = eventually(lambda: self.attempt(exporter.metrics))
                self.report(f"{room >> 20} MiB to spare: {page.outcome()}")
                self.assertEqual(page.value("buntime_up"), page.outcome() == "ok")
                if page.outcome() != "ok" or room <= 4 * MIB:
                    self.assertEqual(page.outcome(), "internal")
                    self.assertIn("memory", exporter.log(msg="runtime is down")[-1]["cause"])
                self.feed(exporter)
                served[0] = "small"
                exporter.wait_until_up()

    def test_a_page_without_memory_is_a_503(self):
        sim = self.simulator("--workers", "5000", "--speed", "0")
        exporter = self.exporter("--runtime.url", sim.url, "--worker.limit", "5000", "--poll.interval", "1s", fast=False)
        eventually(lambda: b"\nbuntime_up 1\n" in exporter.get("/metrics").body)
        paths = ["/metrics", "/api/workers", "/api/view", "/metrics/api/metrics/stats", "/"]
        seen = set()
        for room in (0, 1 * MIB, 3 * MIB):
            self.starve(exporter, room)
            for _ in range(5):
                for path in paths:
                    for headers in ({}, {"Accept-Encoding": "gzip"}):
                        answer = self.attempt(lambda: exporter.get(path, headers=headers))
                        if answer is None:
                            continue
                        seen.add(answer.status)
                        if answer.status == 503:
                            self.assertIn("memory", answer.text)
            eventually(lambda: self.attempt(lambda: exporter.get("/-/healthy").status == 200))
            self.feed(exporter)
        self.assertEqual(seen, {200, 503})
        self.assertTrue(any("memory" in line["msg"] for line in exporter.log(level="error")))
        eventually(lambda: b"\nbuntime_up 1\n" in exporter.get("/metrics").body, deadline=60)
        self.assertEqual(len(json.loads(exporter.get("/api/workers").text)["workers"]), 5000)
        # A page that an exception broke off leaves nothing behind in the next one.
        page = exporter.get("/metrics", headers={"Accept-Encoding": "gzip"})
        self.assertIn(b"\nbuntime_up 1\n", gzip.decompress(page.body))

    def test_no_thread_for_the_first_login_and_the_first_handshake(self):
        self.configure(rest=USERS)
        exporter = self.start()
        eventually(lambda: exporter.log(msg="runtime is down"))  # the threads that always run do so
        self.starve(exporter, 2 * MIB)  # a thread takes eight
        for _ in range(3):
            answer = eventually(lambda: self.attempt(lambda: self.get(exporter, "/metrics", basic())))
            self.assertIn(answer.status, (429, 503))
            eventually(lambda: self.attempt(lambda: self.get(exporter, "/-/healthy").status == 200))
        self.feed(exporter)
        eventually(lambda: self.get(exporter, "/metrics", basic()).status == 200)

    def test_clients_of_all_kinds_without_memory(self):
        self.configure(rest=USERS)
        sim = self.simulator("--workers", "500")
        self.write("buntime.yml", f"runtimes: [{{name: a, url: '{sim.url}'}}]\nmodules: {{default: {{allowed_targets: [127.0.0.1/32]}}}}\n")
        exporter = self.exporter("--config.file", self.path("buntime.yml"), "--web.config.file", self.path("web.yml"), "--web.enable-lifecycle")
        eventually(lambda: self.page(exporter, basic()).value("buntime_up", runtime="a") == 1)
        over = threading.Event()

        def ask():
            while not over.is_set():
                for path in ("/metrics", f"/probe?target={sim.url}", "/-/healthy", "/api/view"):
                    with contextlib.suppress(OSError), self.connect(exporter) as connection:
                        with contextlib.suppress(Exception):
                            connection.get(path, basic())
                with contextlib.suppress(OSError), connect(exporter.url) as sock:
                    sock.sendall(b"\x16\x03\x01")

        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for room in (0, 256 << 10, 1 * MIB):
            self.starve(exporter, room)
            end = time.monotonic() + 3
            while time.monotonic() < end and exporter.running():
                self.configure(rest=f"{USERS}  # {time.monotonic()}")
                time.sleep(0.5)
            self.assertTrue(exporter.running())
            self.feed(exporter)
            eventually(lambda: self.page(exporter, basic()).value("buntime_up", runtime="a") == 1)
        over.set()
        for thread in threads:
            thread.join()


class StartTest(ProgramTest):
    @unittest.skipIf(os.getuid() != 0, "only root may start a program as another user")
    def test_no_threads(self):
        """The limit counts the processes of a user: here one who has no others."""
        for most in (1, 2, 4):
            with self.subTest(threads=most):
                status, text = run_with("prlimit", f"--nproc={most}:{most}", "setpriv", "--reuid", "61234", "--regid", "61234",
                                        "--clear-groups")
                self.assertEqual(status, 1)
                self.assertRegex(text, "cannot start: .*raise the limit of threads")

    def test_few_descriptors(self):
        for most in (4, 6, 9, 15):
            with self.subTest(descriptors=most):
                status, text = run_with("prlimit", f"--nofile={most}:{most}")
                self.assertEqual(status, 1)
                self.assertIn(f"the limit of open files is {most}, at least 16 are needed: raise it", text)


class DescriptorsTest(ProgramTest):
    def test_few(self):
        sim = self.simulator("--warmup", "30s")
        exporter = self.exporter("--runtime.url", sim.url)
        exporter.wait_until_up()
        idle = [connect(exporter.url) for _ in range(10)]
        eventually(lambda: exporter.metrics().value("process_open_fds") > 20)
        sim.fault("close")  # so that each poll needs a new connection
        for spare in (3, 0, -5):
            with self.subTest(spare=spare):
                limit(exporter, resource.RLIMIT_NOFILE, len(os.listdir(f"/proc/{exporter.pid}/fd")) + spare)
                eventually(lambda: exporter.metrics().value("buntime_up") == 0)
                self.assertEqual(exporter.get("/-/healthy").status, 200)
                limit(exporter, resource.RLIMIT_NOFILE)
        sim.clear()
        exporter.wait_until_up()
        for sock in idle:
            sock.close()


if __name__ == "__main__":
    unittest.main()
