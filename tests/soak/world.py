"""The programs of a soak: runtimes, each a simulator of its own at an address that it keeps, the exporter behind TLS and a
password, and the watch, which receives each action."""

import contextlib
import fcntl
import json
import os
import random
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import unittest
from concurrent.futures import ThreadPoolExecutor

from client import fetch
from locked import CHEAP_HASH, USER, TlsConnection, basic
from memory_test import make_group
from pki import Authority
from programs import Simulator
from support import MIB, Process, binary, eventually, parse_logfmt

INTERVAL = TIMEOUT = 1.0  # of polls, seconds
STALE_AFTER = 2 * INTERVAL + TIMEOUT
# A poll that began before a change may show the old state for its timeout, the next one begins an interval later and has its
# own timeout: less than STALE_AFTER. A second more is what an answer of the exporter may take (watch.HEALTH_SECONDS).
FOLLOW = STALE_AFTER + 1
MEMORY_LIMIT = 256 * MIB  # what k8s/ gives to an exporter of several runtimes
OPEN_FILES = 1024
CONNECTIONS = OPEN_FILES // 2  # the exporter's own rule
RELEASES = ["0.2.26", "0.2.26", "0.5.4", "0.5.4", "documented", "documented"]
KEY = "key-of-all-runtimes"
BOUNDS = {
    "resident": MEMORY_LIMIT,
    # exporter/README.md: six always, three with their first use, 32 that look up names for /probe.
    "threads": 6 + 3 + 32,
    # Connections and the places beside them (exporter/web/README.md), two a poll, probes at once, files of its own.
    "descriptors": CONNECTIONS + 32 + 2 * len(RELEASES) + 200,
}


def free_port(used):
    """One that the system gives to no client: a runtime comes back to it."""
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as file:
        lowest = int(file.read().split()[0])
    while True:
        port = random.randrange(min(10_000, lowest - 2_000), lowest)
        with socket.socket() as sock, contextlib.suppress(OSError):
            sock.bind(("127.0.0.1", port))
            if port not in used:
                used.add(port)
                return port


class Runtime:
    """One simulated runtime, which can be killed and comes back."""

    _spawner = ThreadPoolExecutor(1)

    def __init__(self, name, release, port, folder, key_file, seed):
        self.name, self.port = name, port
        self.url = f"http://127.0.0.1:{port}"
        self._folder = folder
        self._flags = ["--listen", f"127.0.0.1:{port}", "--release", release, "--api-key-file", key_file, "--seed", str(seed),
                       "--warmup", "2m", "--apps", "6", "--max-requests", "200", "--rps", "40"]
        self.lock = threading.Lock()  # held by the one action that uses it
        self.start()

    def start(self):
        # By a thread that does not end: a child is killed when the thread that made it does (setpriv --pdeathsig).
        self.process = self._spawner.submit(eventually, self._started).result()

    def _started(self):
        process = Simulator(self._flags, self._folder)
        try:
            return process.wait_until_listening()
        except RuntimeError as error:  # the port is taken for a moment
            raise AssertionError(str(error)) from None

    def await_answers(self):
        def answers():
            with contextlib.suppress(OSError):
                return fetch(self.url + "/api/health").status == 200
            return False

        eventually(answers)


class Exporter:
    """Its standard error is a small pipe, which is read unless an action pauses that."""

    def __init__(self, flags):
        reader, writer = os.pipe()
        fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
        self.lines, self.reading = [], threading.Event()
        self.reading.set()
        limit = f"--nofile={OPEN_FILES}:{OPEN_FILES}"
        self._child = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "prlimit", limit, binary("EXPORTER"), *flags],
                                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=writer, start_new_session=True)
        os.close(writer)
        self.pid = self._child.pid
        self._thread = threading.Thread(target=self._read, args=(reader,))
        self._thread.start()

    def _read(self, reader):
        with os.fdopen(reader, encoding="utf-8") as pipe:
            for line in pipe:
                self.lines.append(line.rstrip("\n"))
                del self.lines[:-2000]
                self.reading.wait()

    def address(self):
        def listening():
            assert self.running(), "\n".join(self.lines)
            lines = [parse_logfmt(line) for line in list(self.lines) if "msg=listening" in line]
            return lines[0]["address"] if lines else None

        host, _, port = eventually(listening).rpartition(":")
        return host, int(port)

    def running(self):
        return self._child.poll() is None

    def signal(self, number):
        self._child.send_signal(number)

    def finish(self, within):
        """Ends it; returns what is wrong with that."""
        self.reading.set()
        wrong = []
        began = time.monotonic()
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        try:
            status = self._child.wait(within)
            if status != 0:
                wrong.append(f"the exporter ended with status {status}: {self.lines[-3:]}")
        except subprocess.TimeoutExpired:
            wrong.append(f"the exporter runs on {time.monotonic() - began:.0f} s after SIGTERM")
            self._child.kill()
            self._child.wait()
        self._thread.join()
        left = subprocess.run(["pgrep", "-s", str(self.pid), "-l"], capture_output=True, text=True, check=False).stdout
        if left:
            wrong.append(f"of its session are left: {left}")
        return wrong


class World:
    def __init__(self, folder, seed):
        self.folder = folder
        self.used = set()
        self.lock = threading.Lock()
        self.locks = {name: threading.Lock() for name in ("config", "web", "process", "stderr")}  # each for one action at a time
        self.key_file = self.write("key", KEY + "\n")
        self.runtimes = [Runtime(f"r{i}-{release}", release, free_port(self.used), folder, self.key_file, seed + i)
                         for i, release in enumerate(RELEASES)]
        self.dead_port = free_port(self.used)
        self.ca = Authority(folder)
        self.rotate()
        self.configure()
        self.configure_web()
        self.exporter = Exporter(["--config.file", self.path("buntime.yml"), "--web.config.file", self.path("web.yml"),
                                  "--web.listen-address", "127.0.0.1:0", "--web.enable-lifecycle", "--poll.interval", f"{INTERVAL:.0f}s",
                                  "--poll.timeout", f"{TIMEOUT:.0f}s"])
        self.address = self.exporter.address()
        self.group = self._confine()
        self._watch = subprocess.Popen(
            [sys.executable, "-B", os.path.join(os.path.dirname(os.path.abspath(__file__)), "watch.py"), json.dumps({
                "address": self.address, "pid": self.exporter.pid, "ca": self.ca.file, "follow": FOLLOW, "bounds": BOUNDS,
                "runtimes": [runtime.name for runtime in self.runtimes]})],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.reports = self._watch.stdout
        for runtime in self.runtimes:
            self.tell(runtime=runtime.name, state="up")

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        """In one go, as those do who replace a file."""
        with open(self.path(name + ".new"), "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(self.path(name + ".new"), self.path(name))
        return self.path(name)

    def configure(self, without=None):
        runtimes = [{"name": runtime.name, "url": runtime.url, "api_key_file": self.key_file} for runtime in self.runtimes
                    if runtime is not without]
        modules = {"default": {"api_key_file": self.key_file, "allowed_targets": ["127.0.0.1/32", "localhost"], "timeout": "1s"}}
        self.write("buntime.yml", json.dumps({"runtimes": runtimes, "modules": modules}, indent=1) + "\n")

    def configure_web(self, password_hash=CHEAP_HASH):
        self.write("web.yml", json.dumps({
            "tls_server_config": {"cert_file": "server.pem", "key_file": "server.key"}, "basic_auth_users": {USER: password_hash},
            "rate_limit": {"interval": "20ms", "burst": 100}}, indent=1) + "\n")

    def rotate(self):
        """A new certificate and key, one after the other."""
        self.ca.issue("new", "DNS:localhost,IP:127.0.0.1")
        for end in (".pem", ".key"):
            os.replace(self.path("new" + end), self.path("server" + end))

    def _confine(self):
        try:
            group = make_group(MEMORY_LIMIT)
        except unittest.SkipTest:
            return None
        with open(os.path.join(group, "cgroup.procs"), "w", encoding="ascii") as out:
            out.write(str(self.exporter.pid))
        return group

    def tell(self, **event):
        """The watch: `runtime` and `state` (up, down; either: in between) or `renewed`; or `stopped`, `scarce`."""
        with self.lock, contextlib.suppress(ValueError):  # it has been ended
            self._watch.stdin.write(json.dumps({"at": time.monotonic(), **event}) + "\n")
            self._watch.stdin.flush()

    @contextlib.contextmanager
    def during(self, what):
        self.tell(**{what: True})
        try:
            yield
        finally:
            self.tell(**{what: False})

    def connect(self, source="127.0.0.1"):
        """One kept-alive connection of someone who has the password."""
        return TlsConnection(self.address, self.context(), source)

    def context(self):
        return ssl.create_default_context(cafile=self.ca.file)

    def get(self, path, headers=None):
        with self.connect() as connection:
            return connection.get(path, {**basic(), **(headers or {})})

    def end_watch(self):
        self._watch.stdin.close()

    def finish(self, within=15):
        wrong = self.exporter.finish(within)
        self._watch.wait(60)
        for runtime in self.runtimes:
            Process.signal(runtime.process, signal.SIGCONT)
            status = runtime.process.stop()
            if status != 0:
                wrong.append(f"the simulator of {runtime.name} ended with status {status}")
        if self.group:
            eventually(lambda: not os.path.exists(f"/proc/{self.exporter.pid}"))
            os.rmdir(self.group)
        return wrong
