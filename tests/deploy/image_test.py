"""The Dockerfile without Docker: what it says, and its final stage, carried out in a fresh Debian. With the stage that
builds, `../engines` does the same with a real engine.
"""

import fnmatch
import os
import pathlib
import re
import shutil
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "e2e"))
import chroot  # noqa: E402  (the path above comes first)
import dockerfile  # noqa: E402
from support import E2eTest, eventually  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
FILE = dockerfile.read(ROOT / "deploy/Dockerfile")
MIB = 1 << 20


def needed_libraries(program: str) -> set[str]:
    """The packages that a program's libraries come from, as Debian's own tool finds them."""
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "debian").mkdir()
        control = "Source: x\n\nPackage: x\nArchitecture: any\n"  # as little as the tool wants to see
        pathlib.Path(folder, "debian/control").write_text(control, encoding="utf-8")
        found = chroot.run("dpkg-shlibdeps", "-O", f"-e{program}", cwd=folder).stdout
    _, _, dependencies = found.strip().partition("shlibs:Depends=")
    return {dependency.split()[0] for dependency in dependencies.split(", ")}


RULES = [line for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
         if line and not line.startswith("#")]


def sent(path: str) -> bool:
    """Whether .dockerignore lets a file through: the last rule that fits it or a folder above it decides."""
    parts = path.split("/")
    above = {"/".join(parts[:end]) for end in range(1, len(parts) + 1)}
    ignored = False
    for rule in RULES:
        pattern = rule.removeprefix("!")
        places = set(parts) if pattern.startswith("**/") else above
        if any(fnmatch.fnmatch(place, pattern.removeprefix("**/")) for place in places):
            ignored = not rule.startswith("!")
    return not ignored


class InstructionsTest(unittest.TestCase):
    def test_base_images_are_pinned_and_slim_and_the_same(self):
        bases = {stage.base for stage in FILE.stages.values()} - FILE.stages.keys()
        self.assertEqual(bases, {"debian:12-slim"})

    def test_no_registry_is_asked_for_a_syntax(self):
        """BuildKit would load one before anything else, which fails where there is no network."""
        self.assertNotRegex((ROOT / "deploy/Dockerfile").read_text(encoding="utf-8"), r"(?im)^#\s*syntax\s*=")

    def test_what_runs_needs_no_shell_and_no_root(self):
        for name in ("exporter", "simulator"):
            self.assertEqual(FILE.last(name, "USER"), "65532:65532")
            self.assertTrue(dockerfile.words(FILE.last(name, "ENTRYPOINT"))[0].startswith("/usr/bin/buntime-"))
        options, command = FILE.last("exporter", "HEALTHCHECK").split(" CMD ")
        self.assertEqual(dockerfile.words(command), ["/usr/bin/buntime-exporter", "--healthcheck"])
        self.assertIn("--timeout=5s", options)  # the check itself gives up after 3 s
        self.assertEqual(FILE.last("exporter", "EXPOSE"), "10077")

    def test_labels_say_what_it_is(self):
        found = dockerfile.labels(FILE.last("exporter", "LABEL"))
        self.assertEqual({name.rsplit(".", 1)[1] for name in found},
                         {"title", "description", "version", "revision", "licenses"})
        project = (ROOT / "CMakeLists.txt").read_text(encoding="utf-8")
        self.assertEqual(found["org.opencontainers.image.version"], re.search(r"VERSION ([\d.]+) LANG", project)[1])
        self.assertIn(found["org.opencontainers.image.description"], project)

    def test_its_packages_are_those_that_the_binary_wants(self):
        (run,) = FILE.stages["base"].all("RUN")
        installed = set(re.search(r"--no-install-recommends install (.*?) &&", run)[1].split())
        needed = {name.removesuffix("-fmt9") for name in needed_libraries(os.environ["EXPORTER"])}  # a virtual package
        self.assertEqual(installed - {"ca-certificates"}, needed - {"libc6", "libgcc-s1"})  # which every Debian has

    def test_copies_find_their_sources(self):
        for stage in FILE.stages.values():
            for copy in stage.all("COPY"):
                *sources, _ = copy.split()
                if sources[0].startswith("--from="):
                    self.assertIn(sources.pop(0).removeprefix("--from="), FILE.stages)
                    self.assertTrue(all(source.startswith("/src/build/release/") for source in sources))
                else:
                    self.assertTrue(all((ROOT / source).exists() for source in sources), sources)

    def test_only_sources_reach_the_engine(self):
        """.dockerignore: all that git knows and a build takes, and nothing that git ignores."""
        for path in ("CMakeLists.txt", "exporter/main.cc", "tests/simulator/main.cc", "deploy/packages.txt",
                     "deploy/package/manual.py", "grafana/dashboards/buntime-apps.json", "CHANGELOG.md"):
            self.assertTrue((ROOT / path).exists() and sent(path), path)
        for path in (".git/config", "build/release/buntime-exporter", "deploy/secrets/key", "README.md",
                     "tests/npm/node_modules/x/y.js", "tests/e2e/__pycache__/x.pyc"):
            self.assertFalse(sent(path), path)


@unittest.skipIf(chroot.why_not(), chroot.why_not())
class ReplayTest(E2eTest):
    def test_the_final_image_runs_and_is_small(self):
        root = chroot.debian().copy("image")
        before = contents(root)
        replay(root, "exporter", {"/src/build/release/buntime-exporter": os.environ["EXPORTER"]})
        # A layer holds whatever is new or another one than below.
        added = sum(size for path, (size, when) in contents(root).items() if before.get(path) != (size, when))
        self.report(f"the image adds {added / MIB:.1f} MiB to its base")
        self.assertTrue(1 * MIB < added < 40 * MIB, added)
        self.run_read_only(root)

    def run_read_only(self, root):
        """As with `docker run --read-only --cap-drop ALL`: the image's user, no capability, nothing to write to."""
        process = self.adopt(chroot.Contained(
            root, self.folder(), "contain.sh", FILE.last("exporter", "USER"),
            *dockerfile.words(FILE.last("exporter", "ENTRYPOINT")), "--runtime.url", "http://127.0.0.1:8000"))
        page = eventually(lambda: process.get(f"http://127.0.0.1:{FILE.last('exporter', 'EXPOSE')}/metrics"), 30)
        self.assertIn("\nbuntime_up 0\n", page)
        _, command = FILE.last("exporter", "HEALTHCHECK").split(" CMD ")
        process.run(*dockerfile.words(command))
        status = process.run("cat", "/proc/1/status").stdout
        self.assertRegex(status, r"Uid:\t65532\t65532")
        self.assertRegex(status, r"CapBnd:\t0+\n")
        self.assertIn("Read-only file system", process.run("touch", "/x", check=False).stderr)


def contents(root: chroot.Chroot) -> dict[str, tuple[int, int]]:
    """All files with size and time."""
    found = {}
    for path in root.files():
        status = (root.root / path.lstrip("/")).lstat()
        found[path] = (status.st_size, status.st_mtime_ns)
    return found


def replay(root: chroot.Chroot, stage: str, built: dict[str, str]) -> None:
    """Carries out a stage and those below it. What COPY --from takes from another stage stands in `built`."""
    for each in FILE.lineage(stage):
        for name, text in each.steps:
            if name == "RUN":
                root.run("sh", "-c", text)
            elif name == "COPY" and text.startswith("--from="):
                _, source, target = text.split()
                shutil.copy(built[source], root.root / target.lstrip("/"))
                chroot.run("strip", str(root.root / target.lstrip("/")))


@unittest.skipIf(chroot.why_not(), chroot.why_not())
class PackagesTest(unittest.TestCase):
    def test_a_bare_debian_gets_all_that_a_build_needs(self):
        """The first step of deploy/run.sh and of the image."""
        root = chroot.debian().copy("packages")
        (root.root / "deploy").mkdir()
        for name in ("packages.sh", "progress.sh", "packages.txt"):
            shutil.copy(ROOT / "deploy" / name, root.root / "deploy" / name)
        done = root.run("bash", "-euc", "cd /; source deploy/packages.sh; install_packages deploy/packages.txt")
        self.assertRegex(done.stderr, r"(?m)^installing \d+ packages: ca-certificates cmake ")
        self.assertRegex(done.stderr, r"(?m)^installing: +9\d %")
        self.assertEqual("", root.run("dpkg", "--audit").stdout)
        root.run("sh", "-c", "cmake --version && g++ --version")


if __name__ == "__main__":
    unittest.main()
