"""Real Prometheus and Alertmanager servers with a configuration of the test's choice."""

import json
import os
import pathlib
import re
import tempfile

from client import fetch
from prometheus_server import Prometheus as Queries
from support import Process, binary, eventually


class Server(Process):
    """Either of them: they say in the same words where they listen."""

    def __init__(self, arguments: list[str], folder: str) -> None:
        super().__init__([*arguments, "--web.listen-address=127.0.0.1:0"], folder)
        self.url = ""

    def wait_until_ready(self) -> "Server":
        def listening():
            if not self.running():
                raise RuntimeError(f"ended: {self.errors()[-2000:]}")
            return re.search(r'msg="Listening on"(?: component=web)? address=(\S+)', self.errors())

        self.url = "http://" + eventually(listening)[1]
        eventually(lambda: fetch(self.url + "/-/ready").status == 200)
        return self


class Prometheus(Server):
    """`config` is the content of prometheus.yml, `data` the folder of its database (default: an empty one)."""

    query = Queries.query
    total = Queries.total

    def __init__(self, config: dict, folder: str, *flags: str, data: str | None = None) -> None:
        place = tempfile.mkdtemp(dir=folder)
        self.data = data or os.path.join(place, "data")
        self.config = pathlib.Path(place, "prometheus.yml")
        self.config.write_text(json.dumps(config), encoding="utf-8")  # JSON is YAML
        super().__init__([binary("PROMETHEUS"), f"--config.file={self.config}", f"--storage.tsdb.path={self.data}",
                          *flags], folder)


class Alertmanager(Server):
    def __init__(self, config_path: pathlib.Path, folder: str) -> None:
        super().__init__([binary("ALERTMANAGER"), f"--config.file={config_path}", "--cluster.listen-address=",
                          f"--storage.path={tempfile.mkdtemp(dir=folder)}"], folder)


def scrape(*urls: str, interval: str = "500ms") -> dict:
    """A configuration that scrapes exporters."""
    return {"global": {"scrape_interval": interval, "scrape_timeout": interval, "evaluation_interval": interval},
            "scrape_configs": [{"job_name": "buntime", "static_configs": [
                {"targets": [url.removeprefix("http://") for url in urls]}]}]}
