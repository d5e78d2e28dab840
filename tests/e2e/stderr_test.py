"""Standard error that blocks, that is broken or closed: the log loses lines, and nothing else suffers."""

import contextlib
import fcntl
import os
import signal
import socket
import subprocess
import threading
import time
import unittest

from client import fetch
from exposition import Exposition
from programs import FAST, ProgramTest
from support import TIME_FACTOR, binary, eventually, parse_logfmt

DROPPED = "buntime_exporter_log_lines_dropped_total"
PATIENCE = 5 * TIME_FACTOR


def full_pipe():
    """Reader and writer of a pipe into which nothing fits any more."""
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    os.set_blocking(writer, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writer, b"x" * 4096)
    os.set_blocking(writer, True)
    return reader, writer


class StderrTest(ProgramTest):
    def start(self, stderr, *flags, command=()):
        """An exporter with that standard error, once it answers; its URL."""
        with socket.socket() as sock:
            sock.bind(("127.0.0.1", 0))
            port = sock.getsockname()[1]
        child = subprocess.Popen([*command, binary("EXPORTER"), "--web.listen-address", f"127.0.0.1:{port}",
                                  "--web.enable-lifecycle", *FAST, *flags],
                                 stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=stderr)
        self.addCleanup(child.wait)
        self.addCleanup(child.kill)
        url = f"http://127.0.0.1:{port}"

        def answers():
            with contextlib.suppress(OSError):
                return fetch(url + "/-/healthy").status == 200
            return False

        eventually(answers)
        return child, url

    def page(self, url):
        return Exposition(fetch(url + "/metrics", timeout=PATIENCE).text)

    def check_works(self, sim, url, **runtime):
        """Polls, pages, reloads and probes go on."""
        sim.fault("refuse")
        eventually(lambda: self.page(url).value("buntime_up", **runtime) == 0)
        sim.clear()
        eventually(lambda: self.page(url).value("buntime_up", **runtime) == 1)
        self.assertEqual(fetch(url + "/-/reload", method="POST", timeout=PATIENCE).status, 200)

    def check_stops(self, child):
        started = time.monotonic()
        child.send_signal(signal.SIGTERM)
        self.assertEqual(child.wait(PATIENCE), 0)
        self.assertLess(time.monotonic() - started, 3 * TIME_FACTOR)

    def test_full_pipe(self):
        sim = self.simulator("--workers", "3")
        # Each runtime that is down is a line of the log.
        dead = [f"  - {{name: dead-{i}, url: 'http://127.0.0.1:9/{'x' * 200}-{i}'}}" for i in range(3000)]
        config = self.write("config.yml", "\n".join(
            ["runtimes:", f"  - {{name: alive, url: '{sim.url}'}}", *dead,
             f"modules: {{default: {{allowed_targets: ['127.0.0.0/8']}}}}"]) + "\n")
        reader, writer = full_pipe()
        child, url = self.start(writer, "--config.file", config, "--poll.interval", "5s")
        os.close(writer)
        eventually(lambda: self.page(url).value(DROPPED) > 100, deadline=40)
        self.check_works(sim, url, runtime="alive")
        self.assertEqual(fetch(f"{url}/probe?target={sim.url}", timeout=PATIENCE).status, 200)

        lines = []

        def read():
            with os.fdopen(reader, "rb") as pipe:
                lines.extend(pipe)

        thread = threading.Thread(target=read)
        thread.start()
        note = b'msg="log lines were dropped'
        eventually(lambda: any(note in line for line in lines))
        told = sum(int(parse_logfmt(line.decode().lstrip("x").rstrip())["lines"]) for line in lines if note in line)
        self.assertLessEqual(told, self.page(url).value(DROPPED))
        self.assertGreater(told, 100)
        self.check_stops(child)
        thread.join()
        self.assertIn(b"msg=stopping", lines[-1])

    def test_stops_while_the_pipe_is_full(self):
        reader, writer = full_pipe()
        child, _ = self.start(writer, "--runtime.url", "http://127.0.0.1:9")
        os.close(writer)
        self.check_stops(child)
        os.close(reader)

    def test_broken_pipe(self):
        sim = self.simulator("--workers", "3")
        reader, writer = os.pipe()
        child, url = self.start(writer, "--runtime.url", sim.url)
        os.close(writer)
        os.close(reader)
        self.check_works(sim, url)
        eventually(lambda: self.page(url).value(DROPPED) >= 2)
        self.check_stops(child)

    def test_full_disk(self):
        sim = self.simulator("--workers", "3")
        with open("/dev/full", "wb") as full:
            child, url = self.start(full, "--runtime.url", sim.url)
        self.check_works(sim, url)
        eventually(lambda: self.page(url).value(DROPPED) >= 2)
        self.check_stops(child)

    def test_closed(self):
        """The descriptor is not given to a socket, which would get the log."""
        sim = self.simulator("--workers", "3")
        child, url = self.start(None, "--runtime.url", sim.url, command=["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh"])
        self.check_works(sim, url)
        for descriptor in ("0", "1", "2"):
            self.assertEqual(os.readlink(f"/proc/{child.pid}/fd/{descriptor}"), "/dev/null")
        self.check_stops(child)


if __name__ == "__main__":
    unittest.main()
