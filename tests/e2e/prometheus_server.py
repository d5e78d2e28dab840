"""A real Prometheus of the test's own, and what is asked of it."""

import json
import os
import re
from collections import defaultdict
from urllib.parse import quote

from client import fetch
from support import Process, binary, eventually


class Prometheus(Process):
    """Scrapes one target every `interval` (text) from its start on; `job` is what its configuration has besides."""

    def __init__(self, target, interval, folder, **job):
        config = os.path.join(folder, "prometheus.yml")
        with open(config, "w", encoding="utf-8") as file:
            json.dump({"global": {"scrape_interval": interval, "scrape_timeout": interval},
                       "scrape_configs": [{"job_name": "buntime", **job, "static_configs": [
                           {"targets": [target.removeprefix("http://")]}]}]}, file)  # JSON is YAML
        super().__init__([binary("PROMETHEUS"), f"--config.file={config}", "--web.listen-address=127.0.0.1:0",
                          f"--storage.tsdb.path={os.path.join(folder, 'tsdb')}"], folder)
        self.url = ""

    def wait_until_ready(self):
        def listening():
            if not self.running():
                raise RuntimeError(f"Prometheus ended: {self.errors()}")
            return re.search(r'msg="Listening on"(?: component=web)? address=(\S+)', self.errors())

        self.url = "http://" + eventually(listening)[1]
        eventually(lambda: fetch(self.url + "/-/ready").status == 200)
        return self

    def query(self, expression, at=None):
        """Labels (without the name and those of the scrape) -> value, or list of (time, value) for a range."""
        url = f"{self.url}/api/v1/query?query={quote(expression, safe='')}"
        answer = json.loads(fetch(url + (f"&time={at}" if at else "")).text)
        assert answer["status"] == "success", answer
        result = {}
        for series in answer["data"]["result"]:
            labels = frozenset((k, v) for k, v in series["metric"].items() if k not in ("__name__", "job", "instance"))
            assert labels not in result, f"{expression} has {dict(labels)} twice"
            if "values" in series:
                result[labels] = [(when, float(value)) for when, value in series["values"]]
            else:
                result[labels] = float(series["value"][1])
        return result

    def total(self, expression, at=None):
        """The one value of an expression without labels."""
        result = self.query(expression, at)
        assert len(result) == 1, f"{expression}: {len(result)} results"
        return next(iter(result.values()))


def rises(samples):
    """What a counter rose by over these samples, resets taken into account; nothing is extrapolated."""
    total = 0
    for (_, before), (_, after) in zip(samples, samples[1:]):
        total += after - before if after >= before else after
    return total


def falls(samples):
    return sum(after < before for (_, before), (_, after) in zip(samples, samples[1:]))


def by_app(series):
    """Sums values by (app, version)."""
    sums = defaultdict(float)
    for labels, value in series.items():
        labels = dict(labels)
        sums[labels.get("app", ""), labels.get("version", "")] += value
    return dict(sums)
