"""A real Prometheus comes in by certificate and password, and stays while both are replaced."""

import json
import os
import time
import unittest

from locked import CHEAP_HASH, PASSWORD, USER, LockedTest
from prometheus_server import Prometheus
from support import SANITIZED, eventually

INTERVAL = "1s" if SANITIZED else "250ms"


class PrometheusTest(LockedTest):
    def prometheus(self, exporter, **job):
        """A Prometheus whose only job also has these settings."""
        server = Prometheus(exporter.url, INTERVAL, self.folder())
        with open(self.path("prometheus.yml"), encoding="utf-8") as file:
            config = json.load(file)
        config["scrape_configs"][0].update(scheme="https", **job)
        self.write("prometheus.yml", json.dumps(config))
        self.adopt(server).wait_until_ready()
        server.signal(1)  # SIGHUP: whichever of the two configurations it has read, now it has this one
        return server

    def test_scrapes_with_certificate_and_password(self):
        self.configure("client_auth_type: RequireAndVerifyClientCert\nclient_ca_file: ca.pem\n"
                       "client_allowed_sans: [prometheus.test]", f"basic_auth_users: {{{USER}: {CHEAP_HASH}}}")
        sim = self.simulator("--warmup", "30s")
        exporter = self.start(runtime=sim.url)
        tls = {"ca_file": self.ca.file, "cert_file": self.path("client.pem"), "key_file": self.path("client.key")}
        server = self.prometheus(exporter, tls_config=tls,
                                 basic_auth={"username": USER, "password_file": self.write("password", PASSWORD)})
        eventually(lambda: server.query("up") and server.total("up") == 1)
        eventually(lambda: server.query("buntime_up") and server.total("buntime_up") == 1)
        began = time.time()
        self.ca.issue("next", "DNS:localhost,IP:127.0.0.1")
        os.replace(self.path("next.pem"), self.path("server.pem"))
        os.replace(self.path("next.key"), self.path("server.key"))
        self.await_reload(exporter)
        scrapes = "count_over_time(up[1h])"
        before = server.total(scrapes)
        eventually(lambda: server.total(scrapes) > before + 8)
        window = int(time.time() - began)
        self.assertEqual(server.total(f"min_over_time(up[{window}s])"), 1, "a scrape failed")

    def test_is_turned_away_without(self):
        self.configure("client_auth_type: RequireAndVerifyClientCert\nclient_ca_file: ca.pem")
        server = self.prometheus(self.start(), tls_config={"ca_file": self.ca.file})
        eventually(lambda: server.query("up") and server.total("up") == 0)


if __name__ == "__main__":
    unittest.main()
