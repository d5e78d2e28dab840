"""The Debian package: clean under lintian, and in a fresh Debian that runs systemd installed, configured, upgraded,
removed and purged.

The environment names CPACK, and CPACK_CONFIG of the build whose binary is packed; SIMULATOR is a binary.
"""

import os
import pathlib
import shutil
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "e2e"))
import chroot  # noqa: E402  (the path above comes first)
from exposition import Exposition  # noqa: E402
from support import E2eTest, Process, binary, eventually  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
UNIT = "buntime-exporter.service"
KEY = "a-key-that-nobody-may-see"
SETTINGS = """
BUNTIME_EXPORTER_RUNTIME_URL=http://127.0.0.1:8000
BUNTIME_EXPORTER_RUNTIME_POOL_SIZE=20
BUNTIME_EXPORTER_RUNTIME_API_KEY_FILE=/run/credentials/buntime-exporter.service/secret_api-key
BUNTIME_EXPORTER_POLL_INTERVAL=1s
"""
PAGE = "http://127.0.0.1:10077/metrics"
RELOADED = "buntime_exporter_config_last_reload_success_timestamp_seconds"


def pack(folder: str, *options: str) -> pathlib.Path:
    """Builds a package from binaries that are there."""
    chroot.run(binary("CPACK"), "-G", "DEB", "--config", os.environ["CPACK_CONFIG"], "-B", folder, *options)
    (package,) = pathlib.Path(folder).glob("*.deb")
    return package


class Package(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.mkdtemp(prefix="buntime-package-")
        cls.addClassCleanup(shutil.rmtree, folder)
        cls.package = pack(os.path.join(folder, "old"))
        cls.upgrade = pack(os.path.join(folder, "new"), "-R", "99.0.0")


class LintianTest(Package):
    def test_every_rule_is_in_it(self):
        listed = chroot.run("dpkg-deb", "--contents", str(self.package)).stdout
        for path in (ROOT / "alerts").glob("*.yml"):
            self.assertIn(f"./etc/buntime-exporter/alerts/{path.name}\n", listed)

    def test_lintian_has_nothing_to_say(self):
        done = chroot.run("lintian", "--allow-root", "--display-info", "--pedantic", str(self.package), check=False)
        self.assertEqual((done.stdout, done.returncode), ("", 0))


@unittest.skipIf(chroot.why_not(), chroot.why_not())
class LifeTest(Package, E2eTest):
    """One machine and one life of the package in it: each phase goes on where the one before ended."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        E2eTest.setUpClass()
        cls.root = chroot.debian().copy("machine")
        for package in (cls.package, cls.upgrade):
            shutil.copy(package, cls.root.root / package.name)
        cls.root.install("systemd")
        # The machine itself has no way out; apt finds there what it loads here.
        cls.root.run("apt-get", "-qq", "-y", "--no-install-recommends", "--download-only", "install",
                     f"/{cls.package.name}")

    def setUp(self):
        self.machine = self.adopt(chroot.Machine(self.root, self.folder())).wait_until_booted()

    def state(self, name):
        return self.machine.run("systemctl", "show", "--value", f"--property={name}", UNIT).stdout.strip()

    def apt_install(self, package):
        self.machine.run("apt-get", "-y", "--no-install-recommends", "install", f"/{package.name}")

    def inside(self, path):
        return self.root.root / path.lstrip("/")

    def page(self, up):
        """The first page on which the runtime is up, or down."""

        def as_wanted():
            page = Exposition(self.machine.get(PAGE))
            assert page.value("buntime_up") == up, page.outcome()
            return page

        return eventually(as_wanted, 30)

    def test_a_package_s_life(self):
        try:
            for phase in (self.install, self.configure, self.harden, self.reload, self.crash, self.misconfigure,
                          self.upgrade_it, self.disable, self.remove, self.purge):
                phase()
        except Exception:
            print(self.machine.run("journalctl", "--no-pager", "--lines=60").stdout, file=sys.stderr)
            raise

    def install(self):
        self.apt_install(self.package)
        self.assertEqual((self.state("ActiveState"), self.state("UnitFileState")), ("active", "enabled"))
        self.assertEqual(self.page(up=0).outcome(), "connect")  # a runtime is still to come
        self.machine.run("buntime-exporter", "--healthcheck")

    def configure(self):
        self.inside("/etc/buntime-exporter/secrets/api-key").write_text(KEY, encoding="utf-8")
        self.inside("/etc/buntime-exporter/secrets/api-key").chmod(0o600)
        self.inside("/etc/default/buntime-exporter").write_text(SETTINGS, encoding="utf-8")
        key_file = self.write("key", KEY)
        self.adopt(Process(self.machine.beside(binary("SIMULATOR"), "--release", "0.5.4", "--listen", "127.0.0.1:8000",
                                               "--api-key-file", key_file, "--pool-size", "20"), self.folder()))
        self.machine.run("systemctl", "restart", UNIT)
        self.assertEqual(self.page(up=1).value("buntime_pool_size"), 20)

    def harden(self):
        """What the unit promises, asked from the kernel about the process that runs."""
        pid = self.state("MainPID")
        text = self.machine.run("cat", f"/proc/{pid}/status").stdout
        status = dict(line.split(":\t", 1) for line in text.splitlines())
        self.assertGreater(int(status["Uid"].split()[0]), 61183, "a dynamic user")
        self.assertEqual(int(status["CapBnd"], 16), 0)
        self.assertEqual((status["NoNewPrivs"], status["Seccomp"]), ("1", "2"))
        for path in ("environ", "cmdline"):
            self.assertNotIn(KEY, self.machine.run("cat", f"/proc/{pid}/{path}").stdout)
        self.assertNotIn(KEY, self.machine.run("journalctl", "--no-pager", "-u", UNIT).stdout)
        # What the exporter says about itself comes from /proc, of which it sees a part.
        page = self.page(up=1)
        for metric in ("process_start_time_seconds", "process_resident_memory_bytes", "process_open_fds"):
            self.assertGreater(page.value(metric), 0, metric)

    def reload(self):
        before = self.page(up=1).value(RELOADED)
        self.machine.run("systemctl", "reload", UNIT)
        eventually(lambda: self.page(up=1).value(RELOADED) > before)

    def crash(self):
        before = self.state("MainPID")
        self.machine.run("systemctl", "kill", "--kill-whom=main", "--signal=KILL", UNIT)
        eventually(lambda: self.state("ActiveState") == "active" and self.state("MainPID") not in ("0", before), 30)
        self.page(up=1)

    def misconfigure(self):
        """A wrong setting fails the restart itself, says why, and is not tried again and again."""
        settings = self.inside("/etc/default/buntime-exporter")
        settings.write_text(SETTINGS + "BUNTIME_EXPORTER_POLL_INTERVAL=soon\n", encoding="utf-8")
        done = self.machine.run("systemctl", "restart", UNIT, check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("poll.interval", self.machine.run("systemctl", "status", UNIT, check=False).stdout)
        self.assertEqual((self.state("ActiveState"), self.state("SubState")), ("failed", "failed"))  # not auto-restart
        # So is a port in use, which is found later than the settings are checked.
        settings.write_text(SETTINGS + "BUNTIME_EXPORTER_WEB_LISTEN_ADDRESS=127.0.0.1:8000\n", encoding="utf-8")
        self.machine.run("systemctl", "restart", UNIT)
        eventually(lambda: self.state("SubState") == "failed", 10)
        settings.write_text(SETTINGS, encoding="utf-8")
        self.machine.run("systemctl", "restart", UNIT)
        self.page(up=1)

    def upgrade_it(self):
        limits = self.inside("/etc/buntime-exporter/alerts/limits.yml")
        limits.write_text(limits.read_text(encoding="utf-8") + "# edited\n", encoding="utf-8")
        before = self.state("MainPID")
        self.apt_install(self.upgrade)
        self.assertNotEqual(self.state("MainPID"), before, "the new binary runs")
        self.assertTrue(limits.read_text(encoding="utf-8").endswith("# edited\n"))
        self.assertEqual(self.page(up=1).value("buntime_pool_size"), 20)

    def disable(self):
        """Who switched the service off finds it off after the next upgrade."""
        self.machine.run("systemctl", "disable", "--now", UNIT)
        self.machine.run("dpkg", "--install", f"/{self.package.name}")
        self.assertEqual(self.state("UnitFileState"), "disabled")
        self.machine.run("systemctl", "enable", "--now", UNIT)
        self.page(up=1)

    def remove(self):
        self.machine.run("dpkg", "--remove", "buntime-exporter")
        self.assertEqual(self.state("ActiveState"), "inactive")
        self.assertEqual(self.inside("/etc/default/buntime-exporter").read_text(encoding="utf-8"), SETTINGS)

    def purge(self):
        self.machine.run("dpkg", "--purge", "buntime-exporter")
        packages = {f"/{self.package.name}", f"/{self.upgrade.name}"}
        left = {path for path in self.root.files() if "buntime" in path} - packages
        self.assertEqual(left, set())


if __name__ == "__main__":
    unittest.main()
