"""A Docker engine of the test's own. Needs root on Debian, and rights that a container's root may lack.

The engine runs in namespaces of its own (engine.sh): whatever happens to the test, its containers, mounts, interfaces and
firewall rules end with it. Its files are in one folder. run.sh removes that, and the engine's control groups.
"""
import contextlib
import functools
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE.parent / folder) for folder in ("e2e", "deploy")]
import chroot  # noqa: E402  (the path above comes first)
from support import Process, eventually  # noqa: E402

# Debian's own: another one on the path may know other options.
DOCKER = "/usr/bin/docker"
CGROUP = os.environ.get("STAGE", "buntime-engines")
VERSION = "0.1.0"


class Engine(Process):
    """`network`: "own", where containers have a network and their published ports are those of the namespace, or "host",
    for builds, which load packages from where this machine does."""

    def __init__(self, folder: str, network: str, logs: str) -> None:
        self.network = network
        # Debian's programs, even where others come first.
        path = "/usr/bin:" + os.environ["PATH"]
        self._environment = {"PATH": path, "DOCKER_HOST": f"unix://{folder}/socket", "DOCKER_BUILDKIT": "1",
                             "DOCKER_CONFIG": f"{folder}/client", "HOME": folder}
        own = ["--net"] if network == "own" else []
        pathlib.Path(folder, "pid").unlink(missing_ok=True)
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
        return self.run(DOCKER, *arguments, check=check, seconds=seconds, **how)

    def run(self, *command: str, check: bool = True, seconds: int = 600, **how) -> subprocess.CompletedProcess:
        """A command whose `docker` speaks to this engine."""
        environment = {**self._environment, **how.pop("env", {})}
        return chroot.run(*command, check=check, seconds=seconds, env=environment, **how)

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
        return 0


@functools.cache
def why_not() -> str:
    """Why this machine can run no container; empty: it can. Nothing of ours is in the container that is tried."""
    if reason := chroot.why_not():
        return reason
    missing = [name for name in ("dockerd", DOCKER, "iptables") if not shutil.which(name)]
    if missing:
        return f"not installed: {', '.join(missing)}"
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        engine = Engine(folder, "own", folder)
        try:
            engine.wait_until_ready()
            libraries = re.findall(r"/\S+", chroot.run("ldd", "/bin/true").stdout)
            with subprocess.Popen(["tar", "--create", "--dereference", "--directory=/", "bin/true",
                                   *(path.lstrip("/") for path in libraries)], stdout=subprocess.PIPE) as archive:
                engine.docker("import", "-", "true", stdin=archive.stdout)
            engine.docker("network", "create", "tried")
            engine.docker("run", "--rm", "--read-only", "--memory", "64m", "--network", "tried", "--publish", "127.0.0.1::1",
                          "true", "/bin/true")
        except (AssertionError, RuntimeError, subprocess.TimeoutExpired) as error:
            return f"no container runs on this machine: {' '.join(str(error).split())[-400:]}"
        finally:
            with contextlib.suppress(AssertionError, IndexError):
                engine.stop()
            engine.kill()
    print(f"a container ran after {time.monotonic() - started:.0f} s", flush=True)
    return ""
