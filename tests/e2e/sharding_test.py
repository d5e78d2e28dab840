"""Scaling out as the shipped configurations do it: two exporters share twenty runtimes by a hash, Prometheus sends all
of it on to VictoriaMetrics, and one exporter is killed.

Rules and intervals run thirty times as fast, so that an alert that waits for ten minutes takes twenty seconds.
"""

import json
import math
import os
import pathlib
import sys
import time
import unittest
from collections import defaultdict
from urllib.parse import parse_qs, quote, urlsplit

import yaml
from client import fetch
from programs import Exporter, ProgramTest
from prometheus_server import Prometheus
from support import Process, binary, eventually
from victoria_metrics import VictoriaMetrics

ROOT = pathlib.Path(__file__).resolve().parents[2]
CONFIGS = ROOT / "deploy" / "prometheus"
sys.path += [str(ROOT / "tests" / "alerts"), str(ROOT / "tests" / "e2e" / "incidents")]
import scale  # noqa: E402

RUNTIMES = 20
FACTOR = 30
INTERVAL = "500ms"  # 15s, by this factor

# What dashboards ask for. rate() is not among them: VictoriaMetrics computes it in a way of its own. What the rules
# recorded is, and that holds rates.
QUERIES = [
    "count(buntime_up == 1)",
    "buntime_up",
    "sum(buntime_pool_active)",
    "sum by (instance) (buntime_app_workers)",
    "buntime_pool_active / (buntime_pool_size > 0)",
    "sum by (app, version) (buntime_app_requests_total)",
    "max by (instance) (buntime_uptime_seconds)",
    "instance:buntime_pool_active_per_pool_size:ratio",
    "app:buntime_app_requests:rate5m",
]


class ShippedPrometheus(Process):
    """Prometheus with deploy/prometheus/sharding.yml and the remote_write of remote-write.yml: nothing is changed but
    addresses, places of files, and time."""

    def __init__(self, exporters, runtimes, store, folder):
        config = yaml.safe_load(self._shipped("sharding.yml", exporters))
        remote = yaml.safe_load((CONFIGS / "remote-write.yml").read_text())
        targets = os.path.join(folder, "runtimes.json")
        pathlib.Path(targets).write_text(json.dumps([{"targets": runtimes}]))
        rules = os.path.join(folder, "rules")
        os.mkdir(rules)
        for path in (ROOT / "alerts").glob("*.yml"):
            document = scale.rules(yaml.safe_load(path.read_text()), FACTOR)
            pathlib.Path(rules, path.name).write_text(json.dumps(document))
        config["global"] = {"scrape_interval": INTERVAL, "scrape_timeout": INTERVAL, "evaluation_interval": INTERVAL,
                            "external_labels": remote["global"]["external_labels"]}
        config["rule_files"] = [f"{rules}/*.yml"]
        del config["alerting"]
        for job in config["scrape_configs"]:
            for block in job.get("file_sd_configs", []):
                block["files"] = [targets]
        (write,) = remote["remote_write"]
        config["remote_write"] = [write | {"url": store + urlsplit(write["url"]).path}]
        path = os.path.join(folder, "sharding.yml")
        pathlib.Path(path).write_text(json.dumps(config))
        super().__init__([binary("PROMETHEUS"), f"--config.file={path}", "--web.listen-address=127.0.0.1:0",
                          f"--storage.tsdb.path={os.path.join(folder, 'tsdb')}"], folder)
        self.url = ""

    @staticmethod
    def _shipped(name, exporters):
        text = (CONFIGS / name).read_text()
        for number, url in enumerate(exporters):
            text = text.replace(f"exporter-{number}:10077", urlsplit(url).netloc)
        return text

    wait_until_ready = Prometheus.wait_until_ready

    def ask(self, path):
        return ask(self, path)

    def shares(self):
        """Which runtimes each exporter is asked for: URL of the exporter -> set of instances."""
        shares = defaultdict(set)
        for target in self.ask("targets")["activeTargets"]:
            url = urlsplit(target["scrapeUrl"])
            if url.path == "/probe":
                instance = target["labels"]["instance"]
                assert parse_qs(url.query) == {"module": ["default"], "target": [f"http://{instance}"]}, url.query
                shares[f"http://{url.netloc}"].add(instance)
        return shares

    def firing(self, name):
        """(job, instance) of each alert of this name that fires."""
        return {(alert["labels"]["job"], alert["labels"]["instance"]) for alert in self.ask("alerts")["alerts"]
                if alert["state"] == "firing" and alert["labels"]["alertname"] == name}

    def instances(self, expression):
        return {dict(labels)["instance"] for labels in query(self, expression)}


def ask(server, path):
    answer = json.loads(fetch(f"{server.url}/api/v1/{path}").text)
    assert answer["status"] == "success", answer
    return answer["data"]


def query(server, expression, at=None):
    """Labels, those of Prometheus itself as a whole left out, -> value."""
    answer = ask(server, f"query?query={quote(expression, safe='')}" + (f"&time={at}" if at else ""))
    return {frozenset((name, value) for name, value in series["metric"].items() if name not in ("__name__", "cluster")):
            float(series["value"][1]) for series in answer["result"]}


class ShardingTest(ProgramTest):
    def setUp(self):
        key = self.write("key", "a key")
        runtimes = self.simulator("--release", "0.5.4", "--api-key-file", key, "--runtimes", str(RUNTIMES))
        config = self.write("config.yml", yaml.safe_dump({"modules": {"default": {
            "api_key_file": key, "pool_size": 100, "allowed_targets": ["127.0.0.1/32"]}}}))
        flags = ["--config.file", config, "--web.listen-address", "127.0.0.1:0"]
        # The first one will be killed.
        self.exporters = [self.adopt(Exporter(flags, self.folder()), expect_success=number > 0).wait_until_listening()
                          for number in range(2)]
        self.store = self.adopt(VictoriaMetrics(self.folder())).wait_until_ready()
        self.prometheus = self.adopt(ShippedPrometheus(
            [exporter.url for exporter in self.exporters], runtimes.urls, self.store.url, self.folder())).wait_until_ready()
        self.names = {urlsplit(url).netloc for url in runtimes.urls}
        eventually(lambda: self.prometheus.instances("buntime_up == 1") == self.names, deadline=30)

    def test_shares_store_and_loss(self):
        shares = self.prometheus.shares()
        self.assertEqual({exporter.url for exporter in self.exporters}, set(shares))
        self.assertEqual(RUNTIMES, sum(map(len, shares.values())), "each runtime has one exporter")
        self.assertEqual(self.names, set.union(*shares.values()))
        self.check_the_store()
        self.check_the_loss(shares)

    def check_the_store(self):
        """The same question about the same moment has the same answer in both."""
        eventually(lambda: query(self.prometheus, QUERIES[-1]))
        at = time.time()
        for expression in QUERIES:
            with self.subTest(expression):
                # Until everything up to that moment has arrived.
                eventually(lambda e=expression: self.same_answers(e, at), deadline=60)

    def same_answers(self, expression, at):
        here, there = (query(server, expression, at) for server in (self.prometheus, self.store))
        self.assertTrue(here)
        self.assertEqual(set(here), set(there))
        for labels, value in here.items():
            # The store keeps the leading digits of a fraction only.
            self.assertTrue(math.isclose(value, there[labels], rel_tol=1e-6), f"{value}, {there[labels]}")
        return True

    def check_the_loss(self, shares):
        killed, left = self.exporters
        killed.kill()
        lost = shares[killed.url]
        prometheus = self.prometheus

        def so(condition):
            eventually(condition, deadline=60)

        so(lambda: prometheus.instances('up{job="buntime"} == 0') == lost)
        so(lambda: prometheus.instances('up{job="buntime"} == 1') == shares[left.url])
        so(lambda: prometheus.instances("buntime_up == 1") == shares[left.url])
        # The exporter itself is named, and each runtime that nobody watches now; no other.
        gone = ("buntime-exporter", urlsplit(killed.url).netloc)
        dark = {("buntime", instance) for instance in lost}
        so(lambda: prometheus.firing("BuntimeExporterDown") == {gone} | dark)
        so(lambda: prometheus.firing("BuntimeInstanceDown") == dark)


if __name__ == "__main__":
    unittest.main()
