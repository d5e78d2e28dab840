"""Every block of shell commands in the documents is in commands.txt, which names what tries it; those marked "run" are run here.

The environment names the binaries EXPORTER, SIMULATOR, PROMETHEUS, and the folder BUILD, which knows the tests."""
import fnmatch
import json
import os
import pathlib
import re
import subprocess
import sys
import unittest
from dataclasses import dataclass

sys.path[:0] = [os.path.join(os.path.dirname(__file__), "..", folder) for folder in ("e2e", "deploy")]
from pages import ROOT, Block, blocks, pages  # noqa: E402  (the path above comes first)
from programs import ProgramTest  # noqa: E402
from servers import Prometheus, scrape  # noqa: E402
from support import eventually  # noqa: E402

TABLE = pathlib.Path(__file__).with_name("commands.txt")
SHELLS = {"sh", "bash", "shell", "console"}
# In runbooks: what asks a cluster, an engine or a journal that is not here.
ELSEWHERE = re.compile(r"^(kubectl|docker|journalctl) ")


@dataclass(frozen=True)
class Entry:
    page: str
    how: str
    start: str

    def matches(self, block: Block) -> bool:
        first = block.text.partition("\n")[0]
        return fnmatch.fnmatchcase(block.page, self.page) and (self.start == "*" or first.startswith(self.start))


def table() -> list[Entry]:
    lines = [line for line in TABLE.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    return [Entry(*line.split(" | ", 2)) for line in lines]


def shell_blocks() -> list[Block]:
    return [block for page in pages() for block in blocks(page) if block.language in SHELLS]


def entry_of(block: Block, entries: list[Entry]) -> Entry | None:
    """The most specific one: `deploy/run.sh --runtime.url` comes before `deploy/run.sh`."""
    return max((entry for entry in entries if entry.matches(block)), key=lambda entry: len(entry.start), default=None)


class TableTest(unittest.TestCase):
    def test_each_block_has_an_entry_and_each_entry_a_block(self):
        entries, found = table(), shell_blocks()
        chosen = {block: entry_of(block, entries) for block in found}
        self.assertEqual([], [str(block) for block, entry in chosen.items() if entry is None], "not in commands.txt")
        self.assertEqual([], [entry for entry in entries if entry not in chosen.values()], "no such block")
        for entry in entries:
            if "*" not in entry.page:
                self.assertEqual(1, sum(other == entry for other in chosen.values()), f"{entry}: several blocks")

    def test_the_tests_and_stages_exist(self):
        listed = json.loads(subprocess.run(["ctest", "--test-dir", os.environ["BUILD"], "--show-only=json-v1"], check=True,
                                           capture_output=True, text=True).stdout)
        known = {"test": {test["name"] for test in listed["tests"]},
                 "stage": set(re.findall(r"^#   (\w+) ", (ROOT / "tests/run.sh").read_text(encoding="utf-8"), re.M))}
        for entry in table():
            kind, _, names = entry.how.partition(" ")
            if kind in known:
                self.assertTrue(names and set(names.split()) <= known[kind], entry)
            else:
                self.assertTrue(entry.how == "run" or re.match("not run: .{20}", entry.how), entry)


class RunTest(ProgramTest):
    """The addresses in the documents become those of servers on free ports."""

    def setUp(self):
        super().setUp()
        self.place = pathlib.Path(self.folder())
        key_file = self.write("key", "a key\n")
        self.runtime = self.simulator("--release", "0.5.4", "--pool-size", "20", "--api-key-file", key_file)
        runtime = ["--runtime.url", self.runtime.url, "--runtime.api-key-file", key_file, "--runtime.pool-size", "20"]
        self.running = self.exporter(*runtime)
        self.running.wait_until_up()
        config = scrape(self.running.url) | {"rule_files": [str(ROOT / "alerts/*.yml")]}
        self.prometheus = self.adopt(Prometheus(config, self.folder())).wait_until_ready()
        eventually(lambda: self.prometheus.query("buntime_up"), 30)
        for path in ROOT.iterdir():
            (self.place / path.name).symlink_to(path)
        (self.place / "buntime.yml").write_text(
            json.dumps({"runtimes": [{"name": "shop", "url": self.runtime.url, "api_key_file": key_file}]}), encoding="utf-8")
        programs = self.place / "programs"
        programs.mkdir()
        (programs / "buntime-exporter").symlink_to(os.environ["EXPORTER"])
        self.environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "KEY": "a key",
                            "BUNTIME_EXPORTER_RUNTIME_API_KEY_FILE": key_file}

    def here(self, text: str) -> str:
        for port, url in (("10077", self.running.url), ("8000", self.runtime.url), ("9090", self.prometheus.url)):
            text = re.sub(rf"http://(localhost|127\.0\.0\.1):{port}\b", url, text)
        return text.replace("/etc/buntime-exporter/config.yml", "buntime.yml")

    def shell(self, commands: str) -> subprocess.CompletedProcess:
        return subprocess.run(["bash", "-euo", "pipefail", "-c", self.here(commands)], cwd=self.place, env=self.environment,
                              capture_output=True, text=True, check=False, timeout=60)

    def test_commands_do_what_they_are_for(self):
        entries = table()
        ran = 0
        variables = next(block.text for block in shell_blocks() if block.text.startswith("EXPORTER="))
        variables = re.sub("(?m)^KEY=.*\n", "", variables)  # the reader's own
        for block in shell_blocks():
            if entry_of(block, entries).how != "run":
                continue
            lines = block.text.replace("\\\n", "").splitlines()
            if block.page.startswith("alerts/runbooks/"):
                lines = [line for line in lines if not ELSEWHERE.match(line)]
            for line in lines:
                with self.subTest(f"{block}: {line}"):
                    done = self.shell(line if line.startswith("KEY=") else f"{variables}{line}")
                    self.assertEqual(0, done.returncode, (done.stdout + done.stderr)[-500:])
                    self.assertNotEqual("null", done.stdout.strip())  # what jq makes of an answer without the field
                    ran += 1
        self.assertGreater(ran, 30)


if __name__ == "__main__":
    unittest.main()
