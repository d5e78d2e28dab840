"""deploy/verify.sh against a running installation: the real exporter, Prometheus and Alertmanager with the shipped
rules and routes, and a stand-in for Grafana that knows three of its addresses. All is well at first; then one thing after
another is not, and the table has to say so and what to do.
"""

import base64
import json
import os
import pathlib
import signal
import subprocess
import sys
import threading
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import yaml

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "e2e"))
from programs import ProgramTest  # noqa: E402  (the path above comes first)
from servers import Alertmanager, Prometheus, scrape  # noqa: E402
from support import eventually  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
PASSWORD = "grafana-s-own"


class StandIn:
    """A server whose answers are those of `answer(path, login)`: a status and an object."""

    def __init__(self):
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(handler):  # pylint: disable=no-self-argument
                status, body = server.answer(handler.path, handler.headers.get("Authorization", ""))
                handler.send_response(status)
                handler.end_headers()
                handler.wfile.write(json.dumps(body, separators=(",", ":")).encode())

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()


class NewAlertmanager(StandIn):
    """Answers as Alertmanager 0.27 and later do, which show no address of a receiver."""

    def __init__(self, receivers):
        super().__init__()
        self._receivers = receivers

    def answer(self, path, _):
        hidden = "".join(f"- name: {name}\n  webhook_configs:\n  - url: <secret>\n" for name in self._receivers)
        return 200, {"config": {"original": "inhibit_rules: BuntimeTargetsMissing\nreceivers:\n" + hidden}, "path": path}


class Grafana(StandIn):
    """Answers as Grafana does to the three questions that are asked."""

    def __init__(self):
        super().__init__()
        self.dashboards = [f"buntime-{name}" for name in ("overview", "workers", "apps", "capacity", "exporter")]
        self.password = PASSWORD
        self.source_works = True

    def answer(self, path, login):
        if path == "/api/health":
            return 200, {"database": "ok"}
        if login != "Basic " + base64.b64encode(f"admin:{self.password}".encode()).decode():
            return 401, {"message": "Invalid username or password"}
        if path == "/api/search?tag=buntime":
            return 200, [{"id": 1, "uid": uid, "title": uid} for uid in self.dashboards]
        if path == "/api/datasources/uid/buntime-prometheus/health":
            return (200, {"status": "OK"}) if self.source_works else (400, {"status": "ERROR"})
        return 404, {}


class VerifyTest(ProgramTest):
    def setUp(self):
        self.runtime = self.simulator("--release", "0.5.4", "--auth", "off", "--pool-size", "20")
        self.watched = self.exporter("--runtime.url", self.runtime.url, "--runtime.pool-size", "20")
        self.grafana = Grafana()
        self.addCleanup(self.grafana.stop)
        self.alertmanager = self.start_alertmanager()
        self.prometheus = self.start_prometheus()

    def start_alertmanager(self):
        path = ROOT / "deploy/alertmanager/alertmanager.yml"
        return self.adopt(Alertmanager(path, self.folder())).wait_until_ready()

    def start_prometheus(self):
        """The shipped configuration, with this test's addresses and a short interval."""
        config = yaml.safe_load((ROOT / "deploy/compose/prometheus.yml").read_text(encoding="utf-8"))
        config |= scrape(self.watched.url)
        config["rule_files"] = [str(ROOT / "alerts/*.yml")]
        address = self.alertmanager.url.removeprefix("http://")
        config["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"] = [address]
        return self.adopt(Prometheus(config, self.folder())).wait_until_ready()

    def verify(self, **environment):
        """Status and lines of a run."""
        places = {"EXPORTER": self.watched.url, "PROMETHEUS": self.prometheus.url, "GRAFANA": self.grafana.url,
                  "ALERTMANAGER": self.alertmanager.url, "GRAFANA_PASSWORD_FILE": self.write("password", PASSWORD + "\n")}
        done = subprocess.run([str(ROOT / "deploy/verify.sh")], env={**os.environ, **places, **environment},
                              check=False, capture_output=True, text=True, timeout=120)
        self.assertEqual(done.stderr, "")
        return done.returncode, done.stdout

    def well(self):
        status, table = self.verify()
        assert status == 0 and "FAIL" not in table, table
        return table

    def assert_found(self, *words, **environment):
        """One failure at least, and what it says."""

        def found():
            status, table = self.verify(**environment)
            assert status == 1 and "FAIL" in table, table
            for word in words:
                assert word in table, table
            return True

        eventually(found, 30)

    def test_an_exporter_for_probes_alone_is_well(self):
        config = self.write("probes.yml", "modules: {default: {allowed_targets: [127.0.0.1]}}\n")
        exporter = self.exporter("--config.file", config)
        status, table = self.verify(EXPORTER=exporter.url, PROMETHEUS="", ALERTMANAGER="", GRAFANA="")
        self.assertEqual(status, 0, table)
        self.assertIn("polls no runtime by itself", table)

    def test_receivers_whose_addresses_are_hidden(self):
        for receivers, expected in ((("pager", "tickets"), "may be the examples"), (("team",), "receivers of your own")):
            with self.subTest(receivers=receivers):
                server = NewAlertmanager(receivers)
                self.addCleanup(server.stop)
                _, table = self.verify(EXPORTER="", PROMETHEUS="", GRAFANA="", ALERTMANAGER=server.url)
                self.assertIn(expected, table)

    def test_each_runtime_that_is_down_has_a_cause_of_its_own(self):
        refusing, stopped = self.simulator("--release", "0.2.26"), self.simulator("--release", "0.2.26")
        urls = {"shop": self.runtime.url, "blog": refusing.url, "wiki": stopped.url}
        flags = [flag for name, url in urls.items() for flag in ("--runtime.url", f"{name}={url}")]
        exporter = self.exporter(*flags, "--poll.interval", "1s", "--poll.timeout", "500ms")
        refusing.stop()
        stopped.signal(signal.SIGSTOP)
        self.addCleanup(stopped.signal, signal.SIGCONT)

        def found():
            status, table = self.verify(EXPORTER=exporter.url, PROMETHEUS="", ALERTMANAGER="", GRAFANA="")
            assert status == 1 and "2 of 3 runtimes are down" in table, table
            assert "blog: connect → nothing listens there" in table, table
            assert "wiki: timeout → no answer in time: the runtime or its host may be stopped" in table, table
            assert "shop:" not in table, table
            return True

        eventually(found, 30)

    def test_from_well_to_ill(self):
        table = eventually(self.well, 60)
        for line in ("1 of 1 runtimes are up", "the pool's size is known", "scrapes the job buntime", "are fresh",
                     "has all ", "without an error", "sends alerts", "inhibits", "no notification has failed",
                     "has 5 dashboards", "reaches its data source"):
            self.assertIn(line, table)
        self.assertRegex(table, "its receivers (are|may be) the examples")  # which is a warning, not a failure

        self.grafana.dashboards.pop()
        self.grafana.source_works = False
        self.assert_found("has 4 of 5 dashboards", "does not reach its data source")
        self.assert_found("does not let us in", "Changing credentials",
                          GRAFANA_PASSWORD_FILE=self.write("old", "wrong"))
        self.assert_found("the password of its user admin is unknown", GRAFANA_PASSWORD_FILE="/nowhere")
        self.assert_found("has no job other", "the rules expect", JOB="other")
        self.assert_found("no metrics at /elsewhere", "set TELEMETRY_PATH", TELEMETRY_PATH="/elsewhere")
        self.assert_found("Failed to connect", "does it run?", ALERTMANAGER="http://127.0.0.1:1")
        bare = self.adopt(Prometheus(scrape(self.watched.url), self.folder())).wait_until_ready()
        self.assert_found("lacks ", "rule_files", "knows no Alertmanager", PROMETHEUS=bare.url)
        self.runtime.fault("refuse")
        self.assert_found("1 of 1 runtimes are down", "the runtime: connect → nothing listens there")
        # A part that is not there by intention is not asked.
        _, table = self.verify(PROMETHEUS="", ALERTMANAGER="", GRAFANA="")
        self.assertNotIn("prometheus", table)


if __name__ == "__main__":
    unittest.main()
