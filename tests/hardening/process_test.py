"""The running process: it needs no privileges, and its memory is its own."""

import os
import shutil
import unittest

from programs import Exporter, ProgramTest
from support import Process, binary

NOBODY = "65534"
DROP = ["setpriv", "--no-new-privs"]
if os.geteuid() == 0:
    DROP += ["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups", "--bounding-set=-all", "--inh-caps=-all"]


class Unprivileged(Exporter):
    """An exporter as nobody, without any capability and without a way to get one."""

    def __init__(self, program, flags, folder):  # pylint: disable=super-init-not-called
        Process.__init__(self, [*DROP, program, *flags], folder)
        self.urls = []


class ProcessTest(ProgramTest):
    def proc(self, exporter, name):
        with open(f"/proc/{exporter.pid}/{name}", encoding="utf-8") as file:
            return dict(line.rstrip("\n").split(None, 1) for line in file if len(line.split()) > 1)

    def test_as_nobody(self):
        os.chmod(self.folder(), 0o755)
        # Where the build stands, nobody may not be let in.
        program = shutil.copy(binary("EXPORTER"), self.folder())
        sim = self.simulator("--warmup", "30s")
        flags = ["--runtime.url", sim.url, "--web.listen-address", "127.0.0.1:0"]
        exporter = self.adopt(Unprivileged(program, flags, self.folder())).wait_until_listening()
        page = exporter.wait_until_up()
        status = self.proc(exporter, "status")
        self.assertEqual((int(status["CapEff:"], 16), int(status["CapBnd:"], 16)) if os.geteuid() == 0 else (0, 0), (0, 0))
        self.assertEqual(status["NoNewPrivs:"], "1")
        # A busy machine may let a poll time out.
        self.assertEqual([line for line in exporter.log(level="warn") if line["msg"] != "runtime is down"], [])
        # What it says about itself comes from /proc, which keeps most of a private process from its own user.
        for name in ("cpu_seconds_total", "resident_memory_bytes", "open_fds", "max_fds", "start_time_seconds"):
            self.assertGreaterEqual(page.value("process_" + name), 0)
        self.check_memory_is_private(exporter)

    def test_memory_is_private(self):
        self.check_memory_is_private(self.exporter("--runtime.url", "http://127.0.0.1:1"))

    def check_memory_is_private(self, exporter):
        """No dump of it is written or piped anywhere, and other programs of its user cannot read it: the system shows
        that by giving its memory to root."""
        with open(f"/proc/{exporter.pid}/limits", encoding="utf-8") as file:
            self.assertRegex(file.read(), r"(?m)^Max core file size +0 +0 ")
        self.assertEqual(os.stat(f"/proc/{exporter.pid}/mem").st_uid, 0)


if __name__ == "__main__":
    unittest.main()
