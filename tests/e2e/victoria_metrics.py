"""A real VictoriaMetrics of the test's own, as the store behind a Prometheus."""

import glob
import os
import re

from client import fetch
from support import Process, binary, eventually


class VictoriaMetrics(Process):
    """Keeps what is written to `url`/api/v1/write, and answers queries in Prometheus' own words."""

    def __init__(self, folder):
        super().__init__([binary("VICTORIA_METRICS"), "-httpListenAddr=127.0.0.1:0", "-search.latencyOffset=0s",
                          f"-storageDataPath={os.path.join(folder, 'victoria')}", "-memory.allowedBytes=128MB"], folder)
        self.url = ""

    def wait_until_ready(self):
        def listening():
            assert self.running(), f"VictoriaMetrics ended: {self.errors()[-2000:]}"
            return _listening_port(self.pid)

        self.url = f"http://127.0.0.1:{eventually(listening)}"
        eventually(lambda: fetch(self.url + "/health").status == 200)
        return self


def _listening_port(pid):
    """The port that a process listens on: this one does not tell which free port it was given."""
    sockets = set()
    for link in glob.glob(f"/proc/{pid}/fd/*"):
        try:
            if match := re.fullmatch(r"socket:\[(\d+)\]", os.readlink(link)):
                sockets.add(match[1])
        except OSError:
            continue  # closed meanwhile
    with open(f"/proc/{pid}/net/tcp", encoding="ascii") as file:
        for line in list(file)[1:]:
            _, local, _, state, *_, inode = line.split()[:10]
            if state == "0A" and inode in sockets:
                return int(local.split(":")[1], 16)
    return None
