"""--once: poll, print, and say by the exit status whether every runtime is up."""

import os
import socket
import time
import unittest

from exposition import Exposition
from programs import ProgramTest
from support import TIME_FACTOR, binary

URL = "http://127.0.0.1:9"


class OnceTest(ProgramTest):
    def once(self, *flags, environment=None):
        exporter, status = self.run_exporter("--once", *flags, environment=environment)
        return status, Exposition(exporter.output()), exporter

    def test_up(self):
        sim = self.simulator("--release", "0.2.26", "--warmup", "30s")
        status, page, exporter = self.once("--runtime.url", sim.url)
        self.assertEqual(status, 0)
        self.assertEqual((page.value("buntime_up"), page.outcome()), (1, "ok"))
        self.assertEqual(page.value("buntime_runtime_info", layout="api", dialect="released", version=sim.version()), 1)
        self.assertGreater(len(page.select("buntime_worker_requests_total")), 5)
        self.assertEqual(page.value("buntime_exporter_polls_total", outcome="ok"), 1)
        self.assertNotIn("level=error", exporter.errors())

    def test_down(self):
        status, page, exporter = self.once("--runtime.url", URL)
        self.assertEqual(status, 1)
        self.assertEqual((page.value("buntime_up"), page.outcome()), (0, "connect"))
        self.assertEqual(page.select("buntime_runtime_info"), {})
        self.assertIn("refused the connection", exporter.errors())

    def test_one_of_two_down(self):
        sim = self.simulator()
        status, page, _ = self.once("--runtime.url", f"up={sim.url}", "--runtime.url", f"down={URL}")
        self.assertEqual(status, 1)
        self.assertEqual(page.value("buntime_up", runtime="up"), 1)
        self.assertEqual(page.value("buntime_up", runtime="down"), 0)

    def test_hanging_runtime_ends_at_the_timeout(self):
        sim = self.simulator("--fault", "stall")
        started = time.monotonic()
        status, page, _ = self.once("--runtime.url", sim.url, "--poll.timeout", "500ms")
        self.assertLess(time.monotonic() - started, 3 * TIME_FACTOR)
        self.assertEqual((status, page.outcome()), (1, "timeout"))

    def test_hanging_health_endpoint_does_not_keep_it_longer(self):
        sim = self.simulator()
        sim.fault("stall", path="health")
        status, page, _ = self.once("--runtime.url", sim.url, "--poll.timeout", "500ms")
        self.assertEqual((status, page.outcome()), (0, "ok"))
        self.assertNotIn("version", dict(next(iter(page.select("buntime_runtime_info")))))

    def test_needs_no_port(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            sim = self.simulator()
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            self.assertEqual(self.once("--runtime.url", sim.url, "--web.listen-address", address)[0], 0)

    def test_output_that_cannot_be_written(self):
        sim = self.simulator()
        read, write = os.pipe()
        os.close(read)
        child = os.posix_spawn(binary("EXPORTER"), ["buntime-exporter", "--once", "--runtime.url", sim.url],
                               os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, write, 1),
                                                         (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0)])
        os.close(write)
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), 1)


if __name__ == "__main__":
    unittest.main()
