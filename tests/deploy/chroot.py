"""A fresh Debian in a folder, and the same as a running machine. Needs root, and the mirror that apt itself uses."""

import atexit
import functools
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import unittest
from collections.abc import Iterator

from support import Process, eventually

SUITE = "bookworm"
HERE = pathlib.Path(__file__).resolve().parent
# Files are thrown away in the end: nobody needs them to survive a power cut meanwhile.
FAST = "force-unsafe-io\n"


@functools.cache
def why_not() -> str:
    """Why there can be no chroot here; empty: there can."""
    if os.geteuid() != 0:
        return "only root can make a chroot"
    missing = [name for name in ("debootstrap", "unshare", "nsenter") if not shutil.which(name)]
    if missing:
        return f"not installed: {', '.join(missing)}"
    # A container's root is often none: it may neither mount nor have a network of its own.
    tried = run("unshare", "--mount", "--pid", "--fork", "--net", "mount", "-t", "proc", "proc", "/proc", check=False)
    return "" if tried.returncode == 0 else f"root has too few rights here: {tried.stderr.strip()}"


def mirror() -> str:
    """Where apt gets this machine's packages from, in either form of its sources."""
    sources = [pathlib.Path("/etc/apt/sources.list"), *sorted(pathlib.Path("/etc/apt/sources.list.d").glob("*"))]
    for path in sources:
        if path.is_file() and (found := re.search(r"^(?:URIs:\s*|deb\s+(?:\[.*?\]\s*)?)(http\S+)",
                                                  path.read_text(encoding="utf-8"), re.MULTILINE)):
            return found[1]
    raise RuntimeError("apt's sources name no mirror")


def run(*command: str, check: bool = True, seconds: int = 900, **how) -> subprocess.CompletedProcess:
    """A command that ends in time; if it fails, its last words are the error."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds, **how)
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(command)}: status {done.returncode}\n{(done.stdout + done.stderr)[-3000:]}")
    return done


class Debian:
    """A minimal Debian in a folder, from which copies are made. SUITE has this machine's apt sources, another its own."""

    def __init__(self, suite: str) -> None:
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="buntime-debian-"))
        atexit.register(shutil.rmtree, self.folder)
        base = self.folder / "base"
        # It mounts what it has to unmount again; killed, it leaves that to the kernel.
        run("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
            "debootstrap", "--variant=minbase", suite, str(base), mirror())
        (base / "etc/dpkg/dpkg.cfg.d/test").write_text(FAST, encoding="utf-8")
        names = ["apt.conf.d"]  # maybe a proxy
        if suite == SUITE:
            (base / "etc/apt/sources.list").unlink()
            names += ["sources.list", "sources.list.d"]  # with security updates
        for name in names:
            source = pathlib.Path("/etc/apt", name)
            if source.is_dir():
                shutil.copytree(source, base / "etc/apt" / name, dirs_exist_ok=True)
            elif source.exists():
                shutil.copy(source, base / "etc/apt" / name)

    def copy(self, name: str) -> "Chroot":
        root = self.folder / name
        run("cp", "-a", str(self.folder / "base"), str(root))
        return Chroot(root)


@functools.cache
def debian(suite: str = SUITE) -> Debian:
    """The one that all tests of a run copy, since making it takes half a minute."""
    return Debian(suite)


class Chroot:
    """A Debian that nothing runs in but the commands that a test gives."""

    ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}

    def __init__(self, root: pathlib.Path) -> None:
        self.root = root

    def run(self, *command: str, check: bool = True, seconds: int = 900) -> subprocess.CompletedProcess:
        """Runs with this machine's network, and in namespaces of its own: no mount or process outlives it."""
        setup = 'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"'
        return run("unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", setup, str(self.root), *command,
                   check=check, seconds=seconds, env=self.ENVIRONMENT)

    def install(self, *packages: str) -> None:
        self.run("apt-get", "-qq", "update")
        self.run("apt-get", "-qq", "-y", "--no-install-recommends", "install", *packages)

    def files(self) -> Iterator[str]:
        """All that is neither a folder nor volatile, as paths inside."""
        for folder, _, names in os.walk(self.root):
            inside = "/" + os.path.relpath(folder, self.root)
            yield from (os.path.normpath(f"{inside}/{name}") for name in names
                        if not inside.startswith(("/proc", "/tmp", "/run")))


class Contained(Process):
    """What runs in a chroot, with processes and a network of its own. `how` are the options of unshare; `script` makes
    the chroot the root and becomes the first process there."""

    def __init__(self, chroot: Chroot, folder: str, script: str, *arguments: str, how: tuple[str, ...] = (),
                 before: tuple[str, ...] = ()) -> None:
        self.chroot = chroot
        super().__init__([*before, "unshare", "--mount", "--pid", "--fork", "--kill-child", "--net", *how,
                          str(HERE / script), str(chroot.root), *arguments], folder)

    def _first(self) -> str:
        """The host's number of its process 1."""
        children = pathlib.Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text(encoding="utf-8").split()
        assert children, "not started yet"
        return children[0]

    def run(self, *command: str, check: bool = True) -> subprocess.CompletedProcess:
        """Runs one of its own commands in it."""
        return run("nsenter", "--target", self._first(), "--mount", "--pid", "--uts", "--ipc", "--net", "--root",
                   "--wd", *command, check=check, env=Chroot.ENVIRONMENT)

    def beside(self, *command: str) -> list[str]:
        """What to run for one of the host's programs to run in its network."""
        return ["nsenter", "--target", self._first(), "--net", *command]

    def get(self, url: str) -> str:
        """The body of an answer; anything but 200 is an AssertionError."""
        return run(*self.beside("curl", "--silent", "--show-error", "--fail", "--max-time", "10", url)).stdout

    def stop(self) -> int:
        """unshare hears no signal; its child, process 1 there, is what is to end."""
        if self.running():
            os.kill(int(self._first()), signal.SIGTERM)
        return self.wait(20)


class Machine(Contained):
    """A chroot as a running machine: systemd is its process 1."""

    def __init__(self, chroot: Chroot, folder: str) -> None:
        self._cgroup = pathlib.Path(self._cgroups(), f"buntime-test-{os.getpid()}")
        try:
            self._cgroup.mkdir()
        except OSError as error:
            raise unittest.SkipTest(f"systemd can be given no control group: {error}") from None
        enter = f'echo $$ > {self._cgroup}/cgroup.procs && exec "$@"'
        super().__init__(chroot, folder, "boot.sh", how=("--uts", "--ipc", "--cgroup"),
                         before=("sh", "-c", enter, "sh"))

    @staticmethod
    def _cgroups() -> str:
        for line in pathlib.Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines():
            _, path, kind, options, *_ = line.split()
            if kind == "cgroup2" and "rw" in options.split(","):
                return path
        raise unittest.SkipTest("no cgroup2 file system to give systemd a part of")

    def wait_until_booted(self) -> "Machine":
        def booted() -> bool:
            if not self.running():
                raise RuntimeError(f"the machine ended: {self.output()}{self.errors()}")
            state = self.run("systemctl", "is-system-running", check=False).stdout.strip()
            assert state == "running", state
            return True

        eventually(booted, 60)
        return self

    def kill(self) -> None:
        super().kill()  # and with it, by --kill-child, process 1 and all others
        folders = sorted((path for path in self._cgroup.rglob("*") if path.is_dir()), reverse=True)
        for folder in [*folders, self._cgroup]:
            eventually(lambda: self._removed(folder))  # pylint: disable=cell-var-from-loop

    @staticmethod
    def _removed(folder: pathlib.Path) -> bool:
        try:
            if folder.exists():
                folder.rmdir()
            return True
        except OSError:  # a process is still about to end
            return False

    def stop(self) -> int:
        self.kill()
        return 0
