"""The tests with a real Prometheus and Alertmanager once more, with those of a newer Debian: the rules, the configurations of
deploy/prometheus/ and their discovery, the scrapes, and verify.sh do not depend on version 2.42."""
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import images
from engine import ROOT, chroot, why_not

SUITE = "forky"
# The tests, by folder.
AGAIN = {"e2e": ["prometheus_test", "sharding_test"], "deploy": ["operations_test", "verify_test"]}


@unittest.skipIf(why_not(), why_not())
class NewerTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        packages = {"PROMETHEUS": "prometheus", "PROMTOOL": "promtool", "ALERTMANAGER": "prometheus-alertmanager"}
        cls.programs = {name: str(images.unpack(SUITE, package, folder.name) / "usr/bin" / package)
                        for name, package in packages.items()}

    def test_it_is_newer(self):
        said = chroot.run(self.programs["PROMETHEUS"], "--version").stdout
        self.assertRegex(said, r"version 3\.")

    def test_it_accepts_every_configuration(self):
        for path in [*(ROOT / "deploy/prometheus").glob("*.yml"), ROOT / "deploy/compose/prometheus.yml"]:
            with self.subTest(path.name):
                chroot.run(self.programs["PROMTOOL"], "check", "config", str(path), cwd=ROOT)
        chroot.run(self.programs["PROMTOOL"], "check", "rules", *map(str, (ROOT / "alerts").glob("*.yml")))

    def test_the_tests_with_servers_pass_with_it(self):
        for folder, modules in AGAIN.items():
            with self.subTest(folder):
                done = subprocess.run(
                    [sys.executable, "-B", "-m", "unittest", *modules], cwd=ROOT / "tests" / folder, check=False,
                    capture_output=True, text=True, timeout=1200, env={
                        **os.environ, **self.programs, "VICTORIA_METRICS": str(pathlib.Path("/usr/bin/victoria-metrics"))})
                self.assertEqual(done.returncode, 0, done.stdout[-2000:] + done.stderr[-4000:])


if __name__ == "__main__":
    unittest.main()
