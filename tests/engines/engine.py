"""A Docker engine of the test's own, and the images that its containers are made of. Needs root on Debian.

The engine runs in namespaces of its own (engine.sh): whatever happens to the test, its containers, mounts, interfaces and
firewall rules end with it. Its files are in one folder.
"""
import atexit
import functools
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE.parent / folder) for folder in ("e2e", "deploy")]
import chroot  # noqa: E402  (the path above comes first)
from support import Process, eventually  # noqa: E402

# Debian's own: another one on the path may know other options.
DOCKER = "/usr/bin/docker"
CGROUP = f"buntime-engine-{os.getpid()}"
VERSION = "0.1.0"


@functools.cache
def why_not() -> str:
    """Why there can be no engine here; empty: there can."""
    if reason := chroot.why_not():
        return reason
    missing = [name for name in ("dockerd", DOCKER, "iptables") if not shutil.which(name)]
    return f"not installed: {', '.join(missing)}" if missing else ""


class Engine(Process):
    """`network`: "own", where containers have a network and their published ports are those of the namespace, or "host",
    for builds, which load packages from where this machine does."""

    def __init__(self, folder: str, network: str, logs: str) -> None:
        self.network = network
        self._environment = {"PATH": os.environ["PATH"], "DOCKER_HOST": f"unix://{folder}/socket", "DOCKER_BUILDKIT": "1",
                             "DOCKER_CONFIG": f"{folder}/client", "HOME": folder}
        own = ["--net"] if network == "own" else []
        pathlib.Path(folder, "pid").unlink(missing_ok=True)
        # An interrupt ends the tests without their cleanups.
        atexit.register(self.kill)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        super().__init__(["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", *own,
                          str(HERE / "engine.sh"), folder, f"/{CGROUP}", network], logs)

    def wait_until_ready(self) -> "Engine":
        def ready() -> bool:
            if not self.running():
                raise RuntimeError(f"the engine ended: {self.errors()[-2000:]}")
            done = self.docker("info", check=False)
            assert done.returncode == 0, done.stderr
            return True

        eventually(ready, 60)
        return self

    def docker(self, *arguments: str, check: bool = True, seconds: int = 600, **how) -> subprocess.CompletedProcess:
        environment = {**self._environment, **how.pop("env", {})}
        return chroot.run(DOCKER, *arguments, check=check, seconds=seconds, env=environment, **how)

    def inspect(self, container: str) -> dict:
        return json.loads(self.docker("inspect", container).stdout)[0]

    def state(self, container: str) -> dict:
        return self.inspect(container)["State"]

    def beside(self, *command: str) -> list[str]:
        """What to run for one of this machine's programs to run in the engine's network."""
        return ["nsenter", "--target", self._first(), "--net", *command]

    def get(self, url: str, *options: str) -> str:
        """The body of an answer; anything but success is an AssertionError."""
        return chroot.run(*self.beside("curl", "--silent", "--show-error", "--fail", "--max-time", "60", *options, url)).stdout

    def _first(self) -> str:
        return pathlib.Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text(encoding="utf-8").split()[0]

    def stop(self) -> int:
        """unshare hears no signal; its child, process 1 there, is what is to end."""
        if self.running():
            os.kill(int(self._first()), signal.SIGTERM)
            self.wait(60)
        remove_cgroups()
        return 0

    def kill(self) -> None:
        super().kill()  # and with it, by --kill-child, all that runs in it
        remove_cgroups()


def remove_cgroups() -> None:
    """The control groups that an engine leaves behind, in every hierarchy."""
    for top in [*pathlib.Path("/sys/fs/cgroup").glob(f"*/{CGROUP}"), pathlib.Path("/sys/fs/cgroup", CGROUP)]:
        if top.is_dir():
            for folder in sorted((path for path in top.rglob("*") if path.is_dir()), reverse=True):
                eventually(lambda folder=folder: _removed(folder))
            eventually(lambda top=top: _removed(top))


def _removed(folder: pathlib.Path) -> bool:
    try:
        folder.rmdir()
    except FileNotFoundError:
        pass
    except OSError:  # a process is still about to end
        return False
    return True
