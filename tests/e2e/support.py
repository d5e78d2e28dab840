"""What every end-to-end test needs: processes that always end, waiting that always ends, and a test case that
holds both. Everything runs on loopback, on ports that the system picks.

The environment names the binaries: EXPORTER and SIMULATOR, for some tests PROMETHEUS and PROMTOOL. SANITIZED=1
says that they were built with a sanitizer, which costs them time and memory.
"""

import contextlib
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

SANITIZED = os.environ.get("SANITIZED") == "1"
TIME_FACTOR = 4 if SANITIZED else 1
MEMORY_FACTOR = 8 if SANITIZED else 1
MIB = 1 << 20

SANITIZER_REPORT = re.compile(r"(Address|Thread|Leak|UndefinedBehavior)Sanitizer|runtime error:")


def binary(variable):
    """The program that an environment variable names."""
    path = os.environ.get(variable, "")
    if not os.access(path, os.X_OK):
        raise RuntimeError(f"{variable}={path!r} names no program: run these tests with ctest")
    return path


def eventually(condition, deadline=15):
    """Asks until `condition()` returns something true, and returns that. An AssertionError counts as "not yet".
    After `deadline` seconds the last observation becomes the failure."""
    end = time.monotonic() + deadline * TIME_FACTOR
    while True:
        try:
            value = condition()
            if value:
                return value
            observed = f"observed {value!r}"
        except AssertionError as error:
            observed = str(error)
        if time.monotonic() > end:
            raise AssertionError(f"still not so after {deadline * TIME_FACTOR} s: {observed}")
        time.sleep(0.02)


def parse_logfmt(line):
    """One line of the exporter's log as a dictionary; fails on anything that is not logfmt."""
    fields = {}
    rest = line
    while rest:
        match = re.match(r'([a-z_]+)=("(?:[^"\\]|\\.)*"|[^ "=]+)(?: |$)', rest)
        if match is None:
            raise AssertionError(f"not logfmt: {line!r}")
        value = match[2]
        fields[match[1]] = json.loads(value) if value.startswith('"') else value
        rest = rest[match.end():]
    return fields


class Process:
    """A child whose output goes to files. It never outlives this program, however that ends."""

    def __init__(self, arguments, folder, environment=None, stdin=subprocess.DEVNULL):
        self.stopped = None
        self._paths = [tempfile.mkstemp(prefix=name, dir=folder) for name in ("out-", "err-")]
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("BUNTIME_EXPORTER_")}
        self.started = time.monotonic()
        self._child = subprocess.Popen(
            # Killed by the kernel when this program is, as ctest does on a timeout.
            ["setpriv", "--pdeathsig", "KILL", *arguments], stdin=stdin,
            stdout=self._paths[0][0], stderr=self._paths[1][0], env={**inherited, **(environment or {})})
        for descriptor, _ in self._paths:
            os.close(descriptor)

    @property
    def pid(self):
        return self._child.pid

    def output(self):
        return self._read(0)

    def errors(self):
        return self._read(1)

    def _read(self, which):
        with open(self._paths[which][1], encoding="utf-8") as file:
            return file.read()

    def running(self):
        return self._child.poll() is None

    def wait(self, deadline=10):
        """The exit status of a program that ends by itself."""
        try:
            return self._child.wait(deadline * TIME_FACTOR)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running after {deadline * TIME_FACTOR} s") from None

    def signal(self, number):
        self._child.send_signal(number)

    def stop(self):
        """Ends the program the polite way and returns its exit status."""
        if self.stopped is None:
            if self.running():
                self.signal(signal.SIGTERM)
            self.stopped = self.wait(20)
        return self.stopped

    def kill(self):
        if self.running():
            self._child.kill()
            self._child.wait()

    def memory(self):
        """Resident bytes now, and at the most so far (since reset_peak_memory)."""
        with open(f"/proc/{self.pid}/status", encoding="utf-8") as file:
            status = dict(line.split(":", 1) for line in file)
        return tuple(int(status[name].split()[0]) * 1024 for name in ("VmRSS", "VmHWM"))

    def cpu_seconds(self):
        """Time that processors have spent on it."""
        with open(f"/proc/{self.pid}/stat", encoding="utf-8") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def reset_peak_memory(self):
        try:
            with open(f"/proc/{self.pid}/clear_refs", "w", encoding="utf-8") as file:
                file.write("5")
        except PermissionError:
            raise unittest.SkipTest("only root may do this to a program that keeps its memory private") from None

    def shown_by_the_system(self):
        """Command line and environment, as far as this user may read them: what hides them hides secrets, too."""
        text = ""
        for name in ("cmdline", "environ"):
            with contextlib.suppress(PermissionError), \
                    open(f"/proc/{self.pid}/{name}", encoding="utf-8", errors="replace") as file:
                text += file.read()
        return text


class E2eTest(unittest.TestCase):
    """A test that starts processes. Each has to end with status 0 and without a sanitizer's report; when a test
    fails, their logs are shown."""

    maxDiff = 2000

    @classmethod
    def setUpClass(cls):
        # Tests with a thousand clients need the descriptors, and so does the exporter that inherits this.
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))

    def run(self, result=None):
        self._processes = []
        self._folder = tempfile.mkdtemp(prefix="buntime-e2e-")
        result = result if result is not None else self.defaultTestResult()
        failures = len(result.failures) + len(result.errors)
        try:
            return super().run(result)
        finally:
            for process in self._processes:
                process.kill()
            if len(result.failures) + len(result.errors) > failures:
                self._show_logs()
            shutil.rmtree(self._folder)

    def _show_logs(self):
        for process in self._processes:
            print(f"--- {type(process).__name__} {process.pid} in {self.id()}:", file=sys.stderr)
            print(process.errors()[-6000:], file=sys.stderr)

    def folder(self):
        return self._folder

    def write(self, name, text):
        """A file of the test; returns its path."""
        path = os.path.join(self._folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def adopt(self, process, expect_success=True):
        """Takes care of the end of a process that was just started."""
        self._processes.append(process)
        self.addCleanup(self._finish, process, expect_success)
        return process

    def _finish(self, process, expect_success):
        status = process.stop()
        report = SANITIZER_REPORT.search(process.errors())
        self.assertIsNone(report, f"a sanitizer reports:\n{process.errors()[-6000:]}")
        if expect_success:
            self.assertEqual(status, 0, "exit status")

    def report(self, text):
        """A measured number, for whoever reads the log of the tests."""
        print(f"measured {self.id().rsplit('.', 1)[-1]}: {text}", file=sys.stderr)
