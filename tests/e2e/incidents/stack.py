"""What watches: Prometheus, Alertmanager, and the receiver of notifications. One of each serves all incidents; every
incident is a cluster of its own, so that no rule, group or inhibition mixes two of them."""
import http.server
import json
import os
import pathlib
import re
import subprocess
import threading
import time

import alertlib
import scale
from client import fetch
from clock import FACTOR, FACTORS
from notification import Notification
from support import Process, binary, eventually

SCRAPES = "250ms"  # 15 s
EVALUATIONS = 2  # a second: each 30 s


class Receiver:
    """Takes webhooks; each alert of a notification becomes one Notification."""

    def __init__(self):
        notifications = self.notifications = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                at = time.monotonic()
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                for alert in body["alerts"]:
                    labels = alert["labels"]
                    notifications.append(Notification(
                        at, self.path.strip("/"), labels.get("cluster", ""), labels["alertname"], labels["severity"],
                        alert["status"] == "resolved"))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()


class _Server(Process):
    """Prometheus and Alertmanager say in the same words where they listen."""

    def wait_until_ready(self):
        def listening():
            assert self.running(), f"ended: {self.errors()[-2000:]}"
            return re.search(r'msg="Listening on"(?: component=web)? address=(\S+)', self.errors())

        self.url = "http://" + eventually(listening)[1]
        eventually(lambda: fetch(self.url + "/-/ready").status == 200)
        return self


class Alertmanager(_Server):
    def __init__(self, receiver_url, folder):
        source = alertlib.ROOT / "deploy" / "alertmanager"
        document = alertlib.load((source / "alertmanager.yml").read_text())
        path = os.path.join(folder, "alertmanager.yml")
        pathlib.Path(path).write_text(
            json.dumps(scale.alertmanager(document, FACTOR, receiver_url, str(source))), encoding="utf-8")
        super().__init__([binary("ALERTMANAGER"), f"--config.file={path}", f"--storage.path={folder}/alertmanager",
                          "--web.listen-address=127.0.0.1:0", "--cluster.listen-address="], folder)


class Targets:
    """The files from which Prometheus learns its targets, one for each job; a change is noticed while it runs."""

    def __init__(self, folder):
        self._folder = folder
        self._targets = {"buntime": [], "probe": [], "buntime-exporter": []}
        for job in self._targets:
            self._write(job)

    def add(self, job, url, cluster, **labels):
        self._targets[job].append({"targets": [url.removeprefix("http://")], "labels": {"cluster": cluster} | labels})
        self._write(job)

    def _write(self, job):
        fresh = self._path(job) + ".new"
        pathlib.Path(fresh).write_text(json.dumps(self._targets[job]), encoding="utf-8")
        os.replace(fresh, self._path(job))

    def _path(self, job):
        return os.path.join(self._folder, job + ".targets.json")

    def scrape_configs(self):
        """Of the job `probe` the targets are runtimes, and what is scraped is the exporter in their label
        `__exporter`; else it is as with the manifests for Kubernetes."""
        found = {job: {"job_name": job, "file_sd_configs": [{"files": [self._path(job)]}]} for job in self._targets}
        found["probe"] |= {"metrics_path": "/probe", "params": {"module": ["default"]}, "relabel_configs": [
            {"source_labels": ["__address__"], "target_label": "instance"},
            {"source_labels": ["__address__"], "target_label": "__param_target", "replacement": "http://$1"},
            {"source_labels": ["__exporter"], "target_label": "__address__"},
            {"target_label": "job", "replacement": "buntime"}]}
        return list(found.values())


class Prometheus(_Server):
    def __init__(self, alertmanager_url, targets, history, folder):
        rules = []
        for path in alertlib.rule_files():
            rules.append(os.path.join(folder, path.name))
            document = scale.rules(alertlib.load(path.read_text()), FACTORS.get(path.name, FACTOR))
            pathlib.Path(rules[-1]).write_text(json.dumps(document), encoding="utf-8")
        config = {
            "global": {"scrape_interval": SCRAPES, "scrape_timeout": SCRAPES, "evaluation_interval": f"{1000 // EVALUATIONS}ms"},
            "rule_files": rules,
            "alerting": {"alertmanagers": [{"static_configs": [
                {"targets": [alertmanager_url.removeprefix("http://")]}]}]},
            "scrape_configs": targets.scrape_configs()}
        path = os.path.join(folder, "prometheus.yml")
        pathlib.Path(path).write_text(json.dumps(config), encoding="utf-8")  # JSON is YAML
        data = os.path.join(folder, "tsdb")
        write_history(history, data, folder)
        super().__init__([
            binary("PROMETHEUS"), f"--config.file={path}", f"--storage.tsdb.path={data}", "--web.listen-address=127.0.0.1:0",
            # These are a minute and five minutes in production.
            f"--rules.alert.resend-delay={scale.duration('1m', FACTOR)}",
            f"--query.lookback-delta={scale.duration('5m', FACTOR)}"], folder)

    def firing(self, cluster):
        """The alerts that fire right now, notified or not."""
        alerts = json.loads(fetch(self.url + "/api/v1/alerts").text)["data"]["alerts"]
        return frozenset(alert["labels"]["alertname"] for alert in alerts
                         if alert["state"] == "firing" and alert["labels"].get("cluster") == cluster)

    def counts(self, metric):
        """How many series each cluster has."""
        answer = json.loads(fetch(f"{self.url}/api/v1/query?query=count%20by%20(cluster)({metric})").text)
        return {series["metric"]["cluster"]: int(series["value"][1]) for series in answer["data"]["result"]}

    def sick_rules(self):
        groups = json.loads(fetch(self.url + "/api/v1/rules").text)["data"]["groups"]
        return [f"{rule['name']}: {rule.get('lastError', '')}"
                for group in groups for rule in group["rules"] if rule["health"] == "err"]


def write_history(history, data, folder):
    """What the series were until a moment ago: (series, value, for how many seconds). As many samples a second as the
    evaluations leave, because a mean over time counts samples."""
    end = int(time.time()) - 1
    lines = [f"{series} {value:.9g} {end - step / EVALUATIONS:.3f}"
             for series, value, seconds in history for step in range(int(seconds * EVALUATIONS), 0, -1)]
    if not lines:
        return
    path = os.path.join(folder, "history.om")
    pathlib.Path(path).write_text("\n".join([*lines, "# EOF", ""]), encoding="utf-8")
    subprocess.run([binary("PROMTOOL"), "tsdb", "create-blocks-from", "openmetrics", path, data], check=True,
                   capture_output=True)
