"""A small world for the dashboards: runtimes of both dialects under load, read alone, as a fleet and through /probe, and a
Prometheus with the recording rules of alerts/ that scrapes all of it; beside it the one that PROMETHEUS_NEWER names."""
import json
import os
import pathlib
import tempfile
import time
import urllib.parse

import dashboards  # noqa: F401  (finds the modules below)
import alertlib
import surroundings
from client import fetch
from programs import ProgramTest
from prometheus_server import Prometheus
from support import Process, binary, eventually

INTERVAL = 1  # second between scrapes
RATE = 10  # seconds, for $__rate_interval: a busy machine misses scrapes
POINTS = 60  # of a range
KEY = "the key of the fleet"
# In place of a pod's address, as a store of several clusters has it.
POD = {"instance": "10.1.0.7:8000", "cluster": "eu", "namespace": "shop"}
# The alerts proper wait for minutes; this one makes sure that panels of alerts have something to show. And one app has limits of
# its own.
REHEARSAL = {"groups": [{"name": "rehearsal", "rules": [
    {"alert": "BuntimeRehearsal", "expr": "buntime_up == 1", "labels": {"severity": "warning"}},
    *({"record": f"buntime:{limit}:limit", "labels": {"app": "export-pdf"}, "expr": "vector(0.05)"}
      for limit in ("app_errors_per_requests", "app_request_duration_seconds"))]}]}


class Store(Prometheus):
    """Prometheus with several targets and rules."""

    def __init__(self, program: str, scrapes: list[dict], folder: str):
        rehearsal = pathlib.Path(folder, "rehearsal.yml")
        rehearsal.write_text(json.dumps(REHEARSAL), encoding="utf-8")
        interval = f"{INTERVAL * 1000:.0f}ms"
        config = {
            "global": {"scrape_interval": interval, "scrape_timeout": interval, "evaluation_interval": "2s"},
            "rule_files": [*(str(path) for path in alertlib.rule_files()), str(rehearsal)],
            "scrape_configs": scrapes}
        path = pathlib.Path(folder, "prometheus.yml")
        path.write_text(json.dumps(config), encoding="utf-8")  # JSON is YAML
        data = os.path.join(folder, "tsdb")
        surroundings.write_history(POD, data, folder)
        Process.__init__(self, [program, f"--config.file={path}", "--web.listen-address=127.0.0.1:0",
                                f"--storage.tsdb.path={data}"], folder)
        self.url = ""

    def ask(self, api: str, **parameters: str) -> list:
        """The data of an answer; a query that Prometheus refuses is an AssertionError."""
        answer = json.loads(fetch(f"{self.url}/api/v1/{api}?{urllib.parse.urlencode(parameters, doseq=True)}").text)
        assert answer["status"] == "success", f"{parameters}: {answer}"
        data = answer["data"]
        return data["result"] if "result" in data else data

    def instant(self, expression: str) -> list[dict]:
        return self.ask("query", query=expression)

    def range(self, expression: str, begin: float) -> list[dict]:
        end = time.time()
        return self.ask("query_range", query=expression, start=f"{begin}", end=f"{end}",
                        step=f"{max((end - begin) / POINTS, INTERVAL)}")


class SceneTest(ProgramTest):
    """start() brings everything up; `instances` are the values of the label by which a view finds its target."""

    def start(self) -> None:
        key = self.write("key", KEY)
        load = ("--rps", "60", "--ephemeral-rps", "12", "--warmup", "90s", "--scenario", "failing=0.2")
        self.sims = {
            "admin": self.simulator("--release", "0.5.4", "--api-key-file", key, "--pool-size", "12", *load),
            "api": self.simulator("--release", "0.2.26", "--seed", "2", "--pool-size", "30", *load),
            "documented": self.simulator("--release", "documented", "--seed", "3", "--pool-size", "40", *load),
            "gone": self.simulator("--fault", "refuse")}
        urls = {name: sim.url for name, sim in self.sims.items()}
        exporters = {
            "fleet": self.exporter("--runtime.url", f"blue={urls['admin']}", "--runtime.url", f"green={urls['documented']}",
                                   "--runtime.url", f"red={urls['gone']}", "--runtime.pool-size", "12", "--runtime.api-key-file", key),
            "released": self.exporter("--runtime.url", urls["api"], "--runtime.pool-size", "30"),
            "documented": self.exporter("--runtime.url", urls["documented"], "--web.config.file",
                                        surroundings.write_tls(self.folder()))}
        self.instances = {name: exporter.url.removeprefix("http://") for name, exporter in exporters.items()}
        modules = {"modules": {"default": {"pool_size": 30, "allowed_targets": ["127.0.0.1/32"]}}}
        # Usually half a second, which is much of the time that a scrape has here.
        prober = self.exporter("--config.file", self.write("modules.yml", json.dumps(modules)), "--probe.timeout-offset", "50ms")
        self.prober = prober.url.removeprefix("http://")
        self.instances["pod"] = POD["instance"]
        self.stranger = surroundings.kubernetes(self)
        scrapes = [
            {"job_name": "buntime", "static_configs": [
                {"targets": [self.instances["fleet"], self.instances["released"]]}]},
            {"job_name": "probe", "metrics_path": "/probe", "params": {"target": [urls["api"]]}, "static_configs": [
                {"targets": [self.prober], "labels": {"job": "buntime", **POD}}]},
            {"job_name": "buntime-exporter", "static_configs": [{"targets": [self.prober]}]},
            {"job_name": "tls", "scheme": "https", "tls_config": {"insecure_skip_verify": True}, "static_configs": [
                {"targets": [self.instances["documented"]], "labels": {"job": "buntime"}}]},
            {"job_name": "kubernetes", "honor_labels": True, "static_configs": [
                {"targets": [self.stranger], "labels": {"cluster": POD["cluster"]}}]}]
        programs = [binary("PROMETHEUS"), *filter(None, [os.environ.get("PROMETHEUS_NEWER")])]
        self.stores = [self.adopt(Store(program, scrapes, tempfile.mkdtemp(dir=self.folder()))) for program in programs]
        for store in self.stores:
            store.wait_until_ready()
        self.prometheus = self.stores[0]
        for store in self.stores:
            eventually(lambda: sum(float(each["value"][1]) for each in store.instant("buntime_up")) == 5, deadline=90)
        self.began = time.time()

    def live(self, seconds: float) -> None:
        """Lets it run, with one restart, a few evictions and a burst for the queue on the way."""
        began = time.monotonic()
        for name in ("admin", "api"):
            self.sims[name].control("event", name="evict=3")
            self.sims[name].control("event", name="burst=70")
        eventually(lambda: time.monotonic() > began + seconds / 2, deadline=seconds)
        self.sims["admin"].control("restart")
        eventually(lambda: self.prometheus.instant("resets(buntime_uptime_seconds[1h]) > 0"))
        eventually(lambda: time.monotonic() > began + seconds, deadline=seconds)
