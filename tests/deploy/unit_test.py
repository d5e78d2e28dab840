"""The systemd unit as systemd's own tools see it, what it has to promise, and the scripts that install it."""

import configparser
import os
import pathlib
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
UNIT = ROOT / "deploy/package/buntime-exporter.service"

YES = """NoNewPrivileges ProtectHome PrivateTmp PrivateDevices PrivateUsers PrivateIPC ProtectClock ProtectControlGroups
ProtectHostname ProtectKernelLogs ProtectKernelModules ProtectKernelTunables RestrictNamespaces RestrictRealtime
RestrictSUIDSGID LockPersonality MemoryDenyWriteExecute DynamicUser RemoveIPC"""
VALUES = {"ProtectSystem": "strict", "ProtectProc": "invisible", "CapabilityBoundingSet": "", "UMask": "0077",
          "RestrictAddressFamilies": "AF_INET AF_INET6 AF_UNIX", "SystemCallArchitectures": "native",
          "Restart": "on-abnormal", "ExecStartPre": "/usr/bin/buntime-exporter --config.check"}


class Unit(configparser.RawConfigParser):
    """A unit's settings; of those that are given several times, the last."""

    optionxform = staticmethod(str)

    def __init__(self, path: pathlib.Path) -> None:
        super().__init__(strict=False, delimiters=("=",), comment_prefixes=("#",), interpolation=None)
        self.read(path, encoding="utf-8")


def systemd_analyze(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, check=False, timeout=60)


class UnitTest(unittest.TestCase):
    def test_systemd_finds_nothing_wrong(self):
        # It looks for the program and its man page, which are where they belong only after an installation.
        text = UNIT.read_text(encoding="utf-8")
        self.assertIn("ExecStart=/usr/bin/buntime-exporter\n", text)
        text = text.replace("/usr/bin/buntime-exporter", os.environ["EXPORTER"]).replace("Documentation=man:", "#")
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, UNIT.name)
            path.write_text(text, encoding="utf-8")
            done = systemd_analyze("verify", "--recursive-errors=no", str(path))
        self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))

    def test_its_exposure_is_low(self):
        done = systemd_analyze("security", "--offline=true", "--threshold=15", str(UNIT))
        self.assertEqual(done.returncode, 0, done.stdout[-400:])

    def test_every_promise_is_there(self):
        service = Unit(UNIT)["Service"]
        for name, value in {**dict.fromkeys(YES.split(), "yes"), **VALUES}.items():
            self.assertEqual(service.get(name), value, name)
        for name in ("MemoryMax", "TasksMax", "RestartSec", "LoadCredential", "ExecReload"):
            self.assertIn(name, service)
        unit = Unit(UNIT)["Unit"]
        self.assertIn("network-online.target", unit["After"])
        self.assertLessEqual({"StartLimitIntervalSec", "StartLimitBurst"}, set(unit))

    def test_the_scripts_around_it_are_sound(self):
        scripts = [str(UNIT.parent / name) for name in ("postinst", "prerm", "postrm")]
        done = subprocess.run(["shellcheck", *scripts], capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stdout), (0, ""))

    def test_the_settings_that_it_reads_are_flags_of_the_program(self):
        """Those that are commented out, too: somebody will put them in force."""
        text = (UNIT.parent / "buntime-exporter.default").read_text(encoding="utf-8")
        lines = (line.lstrip("#") for line in text.splitlines())
        names = [line.split("=")[0] for line in lines if line.startswith("BUNTIME_")]
        self.assertGreater(len(names), 3)
        shown = subprocess.run([os.environ["EXPORTER"], "--help"], capture_output=True, text=True, check=True).stdout
        flags = {line.split()[0][2:] for line in shown.splitlines() if line.startswith("  --")}
        known = {"BUNTIME_EXPORTER_" + flag.replace(".", "_").replace("-", "_").upper() for flag in flags}
        self.assertEqual(set(names) - known, set())


if __name__ == "__main__":
    unittest.main()
