"""deploy/run.sh with the build at hand: what it prints, that it ends with the exporter, and that nothing of it stays behind."""
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "e2e"))
from support import eventually  # noqa: E402  (the path above comes first)

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCRIPT = str(ROOT / "deploy/run.sh")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@unittest.skipUnless(pathlib.Path(os.environ["EXPORTER"]) == ROOT / "build/release/buntime-exporter",
                     "run.sh runs build/release, which is not the build under test")
class StartTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.temporary = pathlib.Path(folder.name)
        self.errors = self.temporary / "errors"
        self.folder = self.temporary / "tmp"
        self.folder.mkdir()

    def run_script(self, command: str) -> subprocess.CompletedProcess:
        """In a shell, in a process group of its own; fails if anything of it lives on."""
        done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False, timeout=120,
                              env={**os.environ, "TMPDIR": str(self.folder)})
        self.nothing_is_left()
        return done

    def nothing_is_left(self):
        self.assertEqual([], list(self.folder.iterdir()))
        for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            try:
                self.assertNotIn(str(self.folder), path.read_text(errors="replace"))
            except OSError:
                pass  # it has ended

    def test_help_takes_no_build(self):
        place = self.temporary / "bare/deploy"
        place.mkdir(parents=True)
        for path in (ROOT / "deploy").glob("*.sh"):
            shutil.copy(path, place)
        for flag in ("--help", "-h"):
            done = self.run_script(f"{place}/run.sh {flag}")
            self.assertEqual((0, ""), (done.returncode, done.stderr))
            self.assertRegex(done.stdout, r"\AUsage: deploy/run\.sh")
            self.assertIn("http://localhost:10077/", done.stdout)
        self.assertFalse((place.parent / "build").exists())

    def test_a_mistyped_flag_leaves_nothing_behind(self):
        done = self.run_script(f"{SCRIPT} --typo 2>&1 | tail; exit ${{PIPESTATUS[0]}}")
        self.assertNotEqual(0, done.returncode)
        self.assertIn("--typo", done.stdout)
        self.assertNotIn("open http", done.stdout)

    def test_a_taken_port_leaves_nothing_behind(self):
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            done = self.run_script(f"{SCRIPT} --web.listen-address 127.0.0.1:{other.getsockname()[1]} 2>&1 | tail")
        self.assertIn("in use", done.stdout)

    def start(self, *flags: str) -> subprocess.Popen:
        with self.errors.open("w") as errors:
            process = subprocess.Popen([SCRIPT, *flags], stderr=errors, stdout=subprocess.DEVNULL,
                                       env={**os.environ, "TMPDIR": str(self.folder)})
        self.addCleanup(process.wait)
        self.addCleanup(process.terminate)
        return process

    def says(self, pattern: str) -> None:
        eventually(lambda: re.search(pattern, self.errors.read_text()), 60)

    def test_it_says_what_to_open_and_ends_whole(self):
        port = free_port()
        process = self.start("--web.listen-address", f"127.0.0.1:{port}")
        self.says(rf"(?m)^open http://127\.0\.0\.1:{port}/ ")
        text = self.errors.read_text()
        self.assertIn("simulated runtime", text)
        self.assertNotRegex(text, r"first time|installing|building")  # all of that was done before
        metrics = subprocess.run(["curl", "-fsS", f"http://127.0.0.1:{port}/metrics"], check=True, capture_output=True,
                                 text=True).stdout
        self.assertRegex(metrics, r"(?m)^buntime_pool_size 20$")
        process.send_signal(signal.SIGTERM)
        self.assertEqual(0, process.wait(30))
        self.nothing_is_left()

    def test_a_runtime_of_ones_own_brings_no_simulator(self):
        port = free_port()
        process = self.start(f"--web.listen-address=:{port}", "--runtime.url=http://127.0.0.1:1")
        self.says(rf"(?m)^open http://localhost:{port}/ ")
        self.assertNotIn("simulated", self.errors.read_text())
        process.send_signal(signal.SIGINT)
        self.assertEqual(0, process.wait(30))

    def test_once_prints_and_ends(self):
        done = self.run_script(f"{SCRIPT} --once")
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertTrue(re.search(r"(?m)^buntime_up 1$", done.stdout))
        self.assertNotIn("open http", done.stderr)


if __name__ == "__main__":
    unittest.main()
