"""The Compose file, started as deploy/README.md says, with the demonstration: verify.sh finds nothing wrong, edits and new keys
are seen, a stopped runtime is named, a backup comes back, and `down` leaves nothing."""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import bench
import images
from engine import ROOT

PROMETHEUS = "http://127.0.0.1:9090"


class StackTest(bench.EngineTest):
    IMAGES = [*bench.EngineTest.IMAGES, ([*images.SERVERS, images.GRAFANA], images.build_servers,
                                         {"trixie": ["prometheus-alertmanager", "docker-compose"], "forky": ["prometheus"]})]

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # A copy, since secrets and edits belong to the installation.
        cls.place = pathlib.Path(tempfile.mkdtemp(dir=bench.folder()))
        cls.addClassCleanup(shutil.rmtree, cls.place)
        for name in ("deploy", "alerts", "grafana"):
            shutil.copytree(ROOT / name, cls.place / name, ignore=shutil.ignore_patterns("secrets"))
        cls.deploy = cls.place / "deploy"
        plugins = pathlib.Path(bench.folder(), "client/cli-plugins")
        if not plugins.exists():
            plugins.mkdir(parents=True)
            unpacked = images.unpack("trixie", "docker-compose", str(cls.place))
            shutil.copy(unpacked / "usr/libexec/docker/cli-plugins/docker-compose", plugins)

    def compose(self, *arguments: str, check: bool = True, **variables: str) -> subprocess.CompletedProcess:
        return self.engine.docker("compose", "--env-file", "demo.env", *arguments, cwd=self.deploy, check=check,
                                  env=variables)

    def verify(self) -> subprocess.CompletedProcess:
        # To the script, EXPORTER is an address.
        environment = {name: value for name, value in os.environ.items() if name != "EXPORTER"}
        return subprocess.run(self.engine.beside(str(self.deploy / "verify.sh")), capture_output=True, text=True,
                              check=False, timeout=120, env=environment)

    def test_an_installation_s_life(self):
        subprocess.run([str(self.deploy / "secrets.sh")], check=True, capture_output=True)
        self.addCleanup(self.compose, "down", "--volumes", check=False)
        self.up()
        for step in (self.is_well, self.sees_an_edit, self.sees_a_new_rule, self.sees_a_new_key, self.names_a_stopped_runtime,
                     self.backs_up, self.ends):
            step()
            print(f"{step.__name__}: ok", flush=True)

    def up(self, *services: str, **variables: str) -> None:
        """A busy machine may delay the health checks that Compose waits for; then it says so, and is asked again."""
        done = self.compose("up", "--detach", *services, check=False, **variables)
        if done.returncode != 0 and "is unhealthy" in done.stderr:
            done = self.compose("up", "--detach", *services, check=False, **variables)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def is_well(self):
        def well() -> str:
            done = self.verify()
            assert done.returncode == 0, done.stdout
            return done.stdout

        table = self.until(well, 180)
        for line in ("1 of 1 runtimes are up", "scrapes the job buntime", "has all ", "sends alerts", "has 5 dashboards",
                     "reaches its data source"):
            self.assertIn(line, table)
        self.assertIn("the examples", table)
        for service in ("exporter", "prometheus", "alertmanager", "grafana"):
            name = f"buntime-monitoring-{service}-1"
            self.until(lambda name=name: self.engine.state(name)["Health"]["Status"] == "healthy", 120)
            self.assertFalse(self.engine.state(name)["OOMKilled"])

    def replace(self, path: pathlib.Path, text: str) -> None:
        """As editors and `mv` do: a new file in the place of the old one."""
        new = path.with_name("new")
        new.write_text(text, encoding="utf-8")
        new.rename(path)

    def reload(self) -> None:
        self.get(f"{PROMETHEUS}/-/reload", "--request", "POST")

    def sees_an_edit(self):
        path = self.deploy / "compose/prometheus.yml"
        self.replace(path, path.read_text(encoding="utf-8").replace("scrape_interval: 15s", "scrape_interval: 7s"))
        self.reload()
        self.until(lambda: "scrape_interval: 7s" in self.get(f"{PROMETHEUS}/api/v1/status/config"))

    def sees_a_new_rule(self):
        path = self.place / "alerts/limits.yml"
        self.replace(path, path.read_text(encoding="utf-8").replace("vector(0.8)", "vector(0.6)"))
        self.reload()
        self.until(lambda: "vector(0.6)" in self.get(f"{PROMETHEUS}/api/v1/rules"))

    def sees_a_new_key(self):
        """The exporter sends the new key after a `mv`, without a restart."""
        key = self.deploy / "secrets/buntime/api-key"
        self.replace(key, "the first key\n")
        key.chmod(0o644)
        inside = "/run/secrets/buntime/api-key"
        self.up("exporter", BUNTIME_API_KEY_FILE=inside)
        self.until(lambda: self.sample("http://127.0.0.1:10077/metrics", "buntime_up") == 1)
        self.replace(key, "the second key\n")
        name = "buntime-monitoring-exporter-1"
        self.assertEqual(self.engine.docker("exec", name, "cat", inside).stdout, "the second key\n")
        self.assertEqual(self.engine.docker("exec", name, "ls", "/run/secrets").stdout.split(), ["buntime"])

    def names_a_stopped_runtime(self):
        self.compose("stop", "simulator")

        def named() -> bool:
            table = self.verify().stdout
            assert "1 of 1 runtimes are down" in table and "the runtime: " in table, table
            self.assertNotRegex(table, r"is it overloaded\?")
            return True

        self.until(named)
        self.compose("start", "simulator")
        self.until(lambda: self.sample("http://127.0.0.1:10077/metrics", "buntime_up") == 1)

    def backs_up(self):
        """The commands of the README, with `docker compose cp` in the place of `cp`."""
        backup = self.place / "backup"
        backup.mkdir()
        name = json.loads(self.get(f"{PROMETHEUS}/api/v1/admin/tsdb/snapshot", "--request", "POST"))["data"]["name"]
        self.compose("cp", f"prometheus:/prometheus/snapshots/{name}", str(backup))
        self.compose("stop", "grafana")
        self.compose("cp", "grafana:/var/lib/grafana/grafana.db", str(backup))
        # It waits for what Grafana depends on to be healthy, which a busy machine may delay.
        self.until(lambda: self.compose("start", "grafana", check=False).returncode == 0, 120)
        self.assertTrue((backup / "grafana.db").stat().st_size)
        # Restored: another Prometheus on the snapshot knows the readings.
        self.engine.docker("run", "--detach", "--name", "restored", "--user", "0", "--volume", f"{backup / name}:/data",
                           "--publish", "127.0.0.1:9091:9090", "--volume", f"{self.deploy}/compose:/etc/c:ro",
                           "prom/prometheus:v3.5.0", "--config.file=/etc/c/prometheus.yml", "--storage.tsdb.path=/data")
        self.addCleanup(self.engine.docker, "rm", "--force", "restored", check=False)
        query = "http://127.0.0.1:9091/api/v1/query?query=max_over_time(buntime_pool_size[1h])"
        self.until(lambda: '"20"' in self.get(query, "--globoff"))
        self.engine.docker("rm", "--force", "restored")

    def ends(self):
        self.compose("down", "--volumes")
        for what in (("ps", "--all"), ("volume", "ls"), ("network", "ls", "--filter", "name=buntime")):
            self.assertEqual(self.engine.docker(*what, "--quiet").stdout, "", what)


if __name__ == "__main__":
    unittest.main()
