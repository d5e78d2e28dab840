"""The files that deploy/release.sh makes: the same bytes from two checkouts, and the portable tarball run as deploy/README.md says
in fresh Debians of two suites. Without the image, which stage engines builds.
"""
import hashlib
import json
import os
import pathlib
import re
import shutil
import sys
import tarfile
import tempfile
import unittest

sys.path[:0] = [os.path.join(os.path.dirname(__file__), "..", folder) for folder in ("e2e", "k8s", "readme")]
import chart  # noqa: E402  (the path above comes first)
import chroot  # noqa: E402
from pages import ROOT, blocks  # noqa: E402
from programs import ProgramTest  # noqa: E402

SUITES = ("bookworm", "trixie")
SHARED = {"libc.so.6", "libm.so.6", "ld-linux-x86-64.so.2", "libgcc_s.so.1", "libcurl.so.4", "libssl.so.3", "libcrypto.so.3",
          "libz.so.1"}
CONTENTS = {"buntime-exporter", "buntime-exporter.1", "LICENSE", "CHANGELOG.md", "systemd/buntime-exporter.service",
            "systemd/buntime-exporter.default", "completions/_buntime-exporter", "completions/buntime-exporter.bash",
            "completions/buntime-exporter.fish", "alerts/limits.yml", "alerts/runbooks/BuntimeDown.md", "dashboards/buntime-overview.json"}
NO_ENGINE = {"DOCKER_HOST": "unix:///nowhere"}


def release(checkout: pathlib.Path, folder: pathlib.Path) -> dict[str, str]:
    """Makes the files; returns SHA256SUMS as name: sum."""
    done = chroot.run(str(checkout / "deploy/release.sh"), str(folder), seconds=2400, env={**os.environ, **NO_ENGINE})
    assert "no image: no Docker engine" in done.stderr, done.stderr
    lines = (folder / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    return {name: digest for digest, name in (line.split("  ") for line in lines)}


@unittest.skipIf(chroot.why_not(), chroot.why_not())
@unittest.skipUnless((ROOT / ".git").exists(), "not a checkout: a release is made of a commit")
class ReleaseTest(ProgramTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        place = pathlib.Path(tempfile.mkdtemp(prefix="buntime-release-"))
        cls.addClassCleanup(shutil.rmtree, place)
        cls.first, cls.second = place / "first", place / "second"
        chroot.run("git", "clone", "--quiet", str(ROOT), str(place / "clone"))  # of the commit that is checked out now
        cls.sums = release(ROOT, cls.first)
        cls.others = release(place / "clone", cls.second)
        (cls.tarball,) = cls.first.glob("*-linux-x86_64.tar.gz")

    def test_two_checkouts_give_the_same_bytes(self):
        self.assertEqual(self.sums, self.others)
        self.assertEqual({"_amd64.deb", "-linux-x86_64.tar.gz", ".spdx.json", ".tgz"},
                         {re.search(r"_amd64\.deb|-linux-x86_64\.tar\.gz|\.spdx\.json|\.tgz", name)[0] for name in self.sums})
        for name, digest in self.sums.items():
            self.assertEqual(digest, hashlib.sha256((self.first / name).read_bytes()).hexdigest())
        print("\n".join(f"{digest}  {name}" for name, digest in self.sums.items()), flush=True)

    def test_the_tarball_is_whole_and_anonymous(self):
        with tarfile.open(self.tarball) as archive:
            members = archive.getmembers()
        self.assertLessEqual(CONTENTS, {member.name.partition("/")[2] for member in members})
        self.assertEqual({(0, 0)}, {(member.uid, member.gid) for member in members})
        rules = {member.name.rpartition("/")[2] for member in members if re.search(r"/alerts/[^/]+\.yml$", member.name)}
        self.assertEqual({path.name for path in (ROOT / "alerts").glob("*.yml")}, rules)

    def test_it_runs_in_fresh_debians(self):
        simulator = self.simulator("--release", "0.2.26", "--pool-size", "20")
        commands = next(block.text for block in blocks(ROOT / "deploy/README.md") if block.text.startswith("sha256sum"))
        commands = commands.replace("http://localhost:8000", f"{simulator.url} --once")
        for suite in SUITES:
            with self.subTest(suite):
                root = chroot.debian(suite).copy("portable")
                root.install("libcurl4", "ca-certificates")
                for name in ("SHA256SUMS", self.tarball.name):
                    shutil.copy(self.first / name, root.root / name)
                page = root.run("sh", "-ec", f"cd /; {commands}").stdout
                self.assertIn("\nbuntime_up 1\n", page)
                self.assertIn(f"{self.tarball.name}: OK\n", page)
                libraries = root.run("sh", "-c", "ldd /buntime-exporter-*/buntime-exporter").stdout
                print(f"{suite}:\n{root.run('sh', '-c', '/buntime-exporter-*/buntime-exporter --version').stdout}{libraries}",
                      flush=True)
                self.assertNotIn("not found", libraries)

    def test_it_needs_few_libraries(self):
        folder = self.folder()
        chroot.run("tar", "-xzf", str(self.tarball), "-C", folder)
        (program,) = pathlib.Path(folder).glob("*/buntime-exporter")
        needed = set(re.findall(r"\(NEEDED\).*\[(.+)\]", chroot.run("readelf", "--wide", "--dynamic", str(program)).stdout))
        self.assertLessEqual(needed, SHARED)
        versions = re.findall(r"\bGLIBC_2\.(\d+)", chroot.run("objdump", "--dynamic-syms", str(program)).stdout)
        self.assertLessEqual(max(map(int, versions)), 34)
        chroot.run(str(ROOT / "tests/hardening/check_elf.sh"), str(program))
        self.assertNotIn(bytes(ROOT), program.read_bytes())

    def test_the_chart_renders(self):
        (archive,) = self.first.glob("*.tgz")
        kinds = {item["kind"] for item in chart.template(["rules.enabled=true", "dashboards.enabled=true"], chart=archive)}
        self.assertLessEqual({"Deployment", "PrometheusRule", "ConfigMap"}, kinds)

    def test_the_spdx_list_names_files_and_libraries(self):
        (path,) = self.first.glob("*.spdx.json")
        document = json.loads(path.read_text(encoding="utf-8"))
        packages = {package["SPDXID"]: package for package in document["packages"]}
        files = {package["packageFileName"]: package["checksums"][0]["checksumValue"] for package in packages.values()
                 if "packageFileName" in package}
        self.assertEqual({name: digest for name, digest in self.sums.items() if name != path.name}, files)
        for relation in document["relationships"]:
            self.assertIn(relation["relatedSpdxElement"], packages)
        linked = {packages[relation["relatedSpdxElement"]]["name"] for relation in document["relationships"]
                  if relation["relationshipType"] == "STATIC_LINK"}
        self.assertEqual({"isa-l", "prometheus-cpp", "yaml-cpp", "libxcrypt", "libstdc++"}, linked)
        self.assertTrue(all(package["versionInfo"] for package in packages.values()))


if __name__ == "__main__":
    unittest.main()
