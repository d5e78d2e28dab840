"""The tests with a real Prometheus and Alertmanager once more, with those of a newer Debian: the rules, the configurations of
deploy/prometheus/ and their discovery, the scrapes, and verify.sh do not depend on version 2.42."""
import concurrent.futures
import os
import shutil
import sys
import tempfile
import time
import unittest

import images
from engine import ROOT, chroot

SUITE = "forky"
# The tests, by folder.
AGAIN = {"e2e": ["prometheus_test", "sharding_test"], "deploy": ["operations_test", "verify_test"], "grafana": ["live_test"]}


PACKAGES = {"PROMETHEUS": "prometheus", "PROMTOOL": "promtool", "ALERTMANAGER": "prometheus-alertmanager"}


class NewerTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if reason := images.lacking(SUITE, *PACKAGES.values()):
            raise unittest.SkipTest(reason)
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.programs = {name: str(images.unpack(SUITE, package, folder.name) / "usr/bin" / package)
                        for name, package in PACKAGES.items()}
        version = chroot.run(cls.programs["PROMETHEUS"], "--version").stdout.splitlines()[0]
        print(version, flush=True)
        if "version 3." not in version:
            raise unittest.SkipTest(f"the mirror's newest Prometheus is not of version 3: {version}")

    def test_it_accepts_every_configuration(self):
        for path in [*(ROOT / "deploy/prometheus").glob("*.yml"), ROOT / "deploy/compose/prometheus.yml"]:
            with self.subTest(path.name):
                chroot.run(self.programs["PROMTOOL"], "check", "config", str(path), cwd=ROOT)
        chroot.run(self.programs["PROMTOOL"], "check", "rules", *map(str, (ROOT / "alerts").glob("*.yml")))

    def test_the_tests_with_servers_pass_with_it(self):
        """A second try, as for all tests against the clock: images are built meanwhile."""
        with concurrent.futures.ThreadPoolExecutor() as pool:
            tests = {module: pool.submit(self.passes, folder, module) for folder, modules in AGAIN.items() for module in modules}
        for module, test in tests.items():
            with self.subTest(module):
                test.result()

    def passes(self, folder: str, module: str) -> None:
        environment = {**os.environ, **self.programs, "VICTORIA_METRICS": shutil.which("victoria-metrics")}
        for again in (True, False):
            started = time.monotonic()
            done = chroot.run(sys.executable, "-B", "-W", "error", "-m", "unittest", "--verbose", module, check=False,
                              cwd=ROOT / "tests" / folder, env=environment, seconds=1200)
            print(f"{module}: status {done.returncode} after {time.monotonic() - started:.0f} s", flush=True)
            if done.returncode == 0:
                break
            assert again, done.stdout[-2000:] + done.stderr[-6000:]
            print(done.stderr[-3000:], flush=True)
        assert "skipped" not in done.stderr, done.stderr


if __name__ == "__main__":
    unittest.main()
