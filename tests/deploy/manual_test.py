"""The man page and the completions, as their readers see them: groff, and the shells."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]


def run(*command: str, **how) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, **how)
    assert (done.returncode, done.stderr) == (0, ""), f"{command[0]}: status {done.returncode}: {done.stderr}"
    return done.stdout


class ManualTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="buntime-manual-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        exporter = os.environ["EXPORTER"]
        run("/usr/bin/python3", "-B", str(ROOT / "deploy/package/manual.py"), exporter, cls.folder)
        shown = run(exporter, "--help")
        cls.flags = re.findall(r"^  (?:-\w, )?(--[\w.-]+)", shown, re.MULTILINE)
        # Its words, whatever breaks its lines; a man page has other headings.
        cls.words = set(re.findall(r"[\w./]{4,}", shown)) - {"Usage", "Flags", "Examples"}

    def path(self, name):
        return os.path.join(self.folder, name)

    def test_the_man_page_says_all_that_the_help_says(self):
        # -ww: every warning is an error of ours.
        page = run("groff", "-man", "-Tutf8", "-k", "-ww", "-P-cbou", "-rLL=1000n", self.path("buntime-exporter.1"))
        page = page.replace("‐", "-").replace("−", "-")
        self.assertGreater(len(self.flags), 20)
        for word in [*self.flags, *self.words]:
            self.assertIn(word, page)
        for section in ("NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXIT STATUS", "FILES", "EXAMPLES"):
            self.assertRegex(page, rf"(?m)^{section}$")

    def completed(self, *words):
        """What bash offers for the last of the words."""
        script = f"""source {self.path("buntime-exporter.bash")}
            COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _buntime_exporter; printf '%s\\n' "${{COMPREPLY[@]}}" """
        return run("bash", "-c", script, "bash", "buntime-exporter", *words).split()

    def test_bash_completes_flags_and_values(self):
        self.assertEqual(self.completed("--"), self.flags)
        self.assertEqual(self.completed("--poll.i"), ["--poll.interval"])
        self.assertEqual(self.completed("--runtime.layout", "a"), ["auto", "admin", "api"])
        self.assertEqual(self.completed("--poll.interval", ""), [])
        self.assertIn(self.path("buntime-exporter.1"), self.completed("--config.file", self.folder + "/"))

    def test_the_other_shells_hear_of_every_flag(self):
        for name in ("_buntime-exporter", "buntime-exporter.fish"):
            text = pathlib.Path(self.path(name)).read_text(encoding="utf-8")
            for flag in self.flags:
                self.assertIn(flag if name.startswith("_") else f"-l {flag[2:]} ", text)

    @unittest.skipUnless(shutil.which("zsh"), "zsh is not installed")
    def test_zsh_reads_its_completions(self):
        run("zsh", "-n", self.path("_buntime-exporter"))

    @unittest.skipUnless(shutil.which("fish"), "fish is not installed")
    def test_fish_completes_flags(self):
        offered = run("fish", "--no-config", "-c", f"source {self.path('buntime-exporter.fish')}; "
                      "complete -C 'buntime-exporter --poll.i'")
        self.assertTrue(offered.startswith("--poll.interval"), offered)


if __name__ == "__main__":
    unittest.main()
