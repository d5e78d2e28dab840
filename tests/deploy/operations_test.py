"""The procedures of deploy/README.md that need no Grafana, carried out with real servers: backup and restore, reload,
remote write, another Prometheus, TLS with a password.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import time
import unittest

sys.path[:0] = [os.path.join(os.path.dirname(__file__), "..", folder) for folder in ("e2e", "security")]
from locked import CHEAP_HASH, PASSWORD, USER, LockedTest  # noqa: E402  (the path above comes first)
from servers import Prometheus, scrape  # noqa: E402
from support import eventually  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
README = ROOT / "deploy/README.md"


def documented(heading):
    """The shell commands under a heading of the README."""
    section = README.read_text(encoding="utf-8").partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    blocks = section.split("```sh\n")[1:]
    assert blocks, f"no commands under {heading}"
    return "".join(block.partition("```")[0] for block in blocks)


def shell(commands, **environment):
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", commands], capture_output=True, text=True, check=False,
                          env={**os.environ, **environment}, timeout=60)
    assert done.returncode == 0, f"{commands}\nstatus {done.returncode}: {done.stdout}{done.stderr}"
    return done.stdout


class OperationsTest(LockedTest):
    def prometheus(self, config, *flags, data=None):
        return self.adopt(Prometheus(config, self.folder(), *flags, data=data)).wait_until_ready()

    def watched(self):
        runtime = self.simulator("--release", "0.2.26", "--pool-size", "20")
        return self.exporter("--runtime.url", runtime.url, "--runtime.pool-size", "20")

    @staticmethod
    def has(prometheus, expression="buntime_up"):
        """Waits for the expression to have a value, and returns it."""

        def value():
            found = prometheus.query(expression)
            assert found, "nothing yet"
            return next(iter(found.values()))

        return eventually(value, 30)

    def test_a_backup_comes_back(self):
        old = self.prometheus(scrape(self.watched().url), "--web.enable-admin-api")
        self.has(old)
        when = time.time()
        before = old.query("buntime_pool_size", at=when)
        backup = self.path("backup")
        commands, _, _ = documented("Backup and restore").partition("# Grafana")
        shell(commands, PROMETHEUS=old.url, DATA=old.data, BACKUP=backup)
        old.stop()
        shutil.rmtree(old.data)
        (snapshot,) = pathlib.Path(backup).glob("*")
        new = self.prometheus(scrape("http://127.0.0.1:1"), data=str(snapshot))
        self.assertEqual(new.query("buntime_pool_size", at=when), before)
        self.assertTrue(before)

    def test_a_reload_takes_over_an_edit(self):
        server = self.prometheus(scrape("http://127.0.0.1:1"), "--web.enable-lifecycle")
        server.config.write_text(json.dumps(scrape(self.watched().url)), encoding="utf-8")
        commands = documented("Reload")
        line = next(line for line in commands.splitlines() if ":9090" in line)
        shell(line.replace("http://localhost:9090", server.url))
        self.assertEqual(self.has(server, "buntime_up == 1"), 1)

    def test_remote_write_sends_all_of_it(self):
        store = self.prometheus(scrape("http://127.0.0.1:1"), "--web.enable-remote-write-receiver")
        config = scrape(self.watched().url)
        soon = {"batch_send_deadline": "250ms"}
        config["remote_write"] = [{"url": store.url + "/api/v1/write", "queue_config": soon}]
        self.prometheus(config)
        self.assertEqual(self.has(store, "buntime_pool_size"), 20)

    def test_prometheus_scrapes_over_tls_with_a_password(self):
        """The README's web.yml and scrape job, but for their names."""
        self.configure("", f"basic_auth_users: {{{USER}: {CHEAP_HASH}}}")
        exporter = self.start()
        config = scrape(exporter.url)
        config["scrape_configs"][0] |= {
            "scheme": "https", "tls_config": {"ca_file": self.ca.file, "server_name": "localhost"},
            "basic_auth": {"username": USER, "password_file": self.write("password", PASSWORD)}}
        self.assertEqual(self.has(self.prometheus(config), 'up{job="buntime"} == 1'), 1)
        # verify.sh, too, is let in with what the README puts into a file for curl.
        options = self.write("curl", f'cacert = "{self.ca.file}"\nuser = "{USER}:{PASSWORD}"\n')
        table = subprocess.run([str(ROOT / "deploy/verify.sh")], capture_output=True, text=True, check=False, env={
            **os.environ, "EXPORTER": exporter.url.replace("http:", "https:"), "EXPORTER_CURL_CONFIG": options,
            "PROMETHEUS": "", "ALERTMANAGER": "", "GRAFANA": ""}).stdout
        self.assertIn("1 of 1 runtimes are down", table)  # it could read the page: there is no runtime


if __name__ == "__main__":
    unittest.main()
