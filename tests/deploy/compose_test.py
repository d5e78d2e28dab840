"""compose.yaml, read as Compose reads it but for starting anything: mounts, ports, secrets, health, hardening, and that
every setting is one that the exporter knows."""

import os
import pathlib
import re
import stat
import subprocess
import tempfile
import unittest

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?P<operator>:[-+?])?(?P<operand>[^}]*)\}")
OUR_IMAGES = {"buntime-exporter", "buntime-simulator"}


def interpolate(text: str, environment: dict[str, str]) -> str:
    """Compose's own substitution, as far as the file uses it. A variable that has to be set and is not: KeyError."""

    def value(match: re.Match) -> str:
        given = environment.get(match["name"], "")
        match match["operator"]:
            case ":-":
                return given or match["operand"]
            case ":+":
                return match["operand"] if given else ""
            case ":?":
                if not given:
                    raise KeyError(match["name"])
        return given

    return VARIABLE.sub(value, text)


def compose(**environment: str) -> dict:
    return yaml.safe_load(interpolate((DEPLOY / "compose.yaml").read_text(encoding="utf-8"), environment))


def env_file(name: str) -> dict[str, str]:
    lines = (DEPLOY / name).read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


class ComposeTest(unittest.TestCase):
    def setUp(self):
        self.file = compose(BUNTIME_URL="http://192.0.2.7:8000")
        self.services = self.file["services"]

    def each(self):
        for name, service in self.services.items():
            with self.subTest(service=name):
                yield name, service

    def test_without_a_runtime_it_does_not_start(self):
        with self.assertRaises(KeyError):
            compose()

    def test_every_service_is_hardened(self):
        for _, service in self.each():
            self.assertIs(service["read_only"], True)
            self.assertEqual(service["cap_drop"], ["ALL"])
            self.assertEqual(service["security_opt"], ["no-new-privileges:true"])
            self.assertEqual(service["networks"], ["monitoring"])
            self.assertEqual(service["restart"], "unless-stopped")
            self.assertRegex(service["mem_limit"], r"^\d+[mg]$")
            self.assertFalse({"privileged", "network_mode", "pid", "devices", "user", "cap_add"} & service.keys())

    def test_images_are_pinned(self):
        for _, service in self.each():
            name, _, tag = service["image"].rpartition(":")
            self.assertRegex(tag, r"^v?\d+\.\d+\.\d+$")
            self.assertEqual("build" in service, name in OUR_IMAGES)

    def test_ports_are_open_to_this_machine_only(self):
        ports = [port for _, service in self.each() for port in service.get("ports", [])]
        self.assertEqual(len(ports), 4)
        for port in ports:
            self.assertRegex(port, r"^127\.0\.0\.1:(\d+):\1$")

    def test_mounts_are_there_and_read_only(self):
        for _, service in self.each():
            for mount in service.get("volumes", []):
                source, target, *mode = mount.split(":")
                if source.startswith("."):
                    # A single file would never change in the container once an editor has put another in its place.
                    if source != "./secrets/buntime":  # made by secrets.sh
                        self.assertTrue((DEPLOY / source).is_dir(), source)
                    self.assertEqual(mode, ["ro"], mount)
                else:
                    self.assertIn(source, self.file["volumes"])
                self.assertTrue(target.startswith("/"))
        self.assertEqual(set(self.file["volumes"]), {"prometheus", "alertmanager", "grafana"})

    def test_what_is_mounted_is_what_the_programs_look_for(self):
        def target(service, source):
            return next(mount.split(":")[1] for mount in self.services[service]["volumes"]
                        if mount.startswith(source + ":"))

        prometheus = yaml.safe_load((DEPLOY / "compose/prometheus.yml").read_text(encoding="utf-8"))
        self.assertEqual(prometheus["rule_files"], [target("prometheus", "../alerts") + "/*.yml"])
        flags = dict(flag.split("=", 1) for flag in self.services["prometheus"]["command"] if "=" in flag)
        self.assertEqual(flags["--config.file"], target("prometheus", "./compose") + "/prometheus.yml")
        self.assertEqual(flags["--storage.tsdb.path"], target("prometheus", "prometheus"))
        flags = dict(flag.split("=", 1) for flag in self.services["alertmanager"]["command"])
        self.assertEqual(flags["--config.file"], target("alertmanager", "./alertmanager") + "/alertmanager.yml")
        self.assertEqual(flags["--storage.path"], target("alertmanager", "alertmanager"))
        (provider,) = yaml.safe_load(
            (ROOT / "grafana/provisioning/dashboards/buntime.yml").read_text(encoding="utf-8"))["providers"]
        self.assertEqual(provider["options"]["path"], target("grafana", "../grafana/dashboards"))
        self.assertIs(provider["allowUiUpdates"], False)
        (source,) = yaml.safe_load(
            (ROOT / "grafana/provisioning/datasources/prometheus.yml").read_text(encoding="utf-8"))["datasources"]
        variable = re.fullmatch(r"\$\{(\w+)\}", source["url"])[1]
        self.assertEqual(self.services["grafana"]["environment"][variable], "http://prometheus:9090")

    def test_every_address_within_is_a_service_and_its_port(self):
        config = yaml.safe_load((DEPLOY / "compose/prometheus.yml").read_text(encoding="utf-8"))
        targets = {target for job in config["scrape_configs"] for group in job["static_configs"]
                   for target in group["targets"]}
        targets |= {target for manager in config["alerting"]["alertmanagers"] for group in manager["static_configs"]
                    for target in group["targets"]} | {"prometheus:9090"}
        ports = {name: service["ports"][0].rsplit(":", 1)[1] for name, service in self.services.items()
                 if "ports" in service} | {"localhost": "9090"}
        for target in targets:
            name, port = target.split(":")
            self.assertEqual(ports[name], port, target)
        self.assertIn("buntime", {job["job_name"] for job in config["scrape_configs"]})  # the rules want this name

    def test_health_and_order(self):
        for name, service in self.each():
            if name in ("exporter", "simulator"):
                continue  # the former's image has a health check; nobody waits for the latter
            check = service["healthcheck"]
            port = service["ports"][0].rsplit(":", 1)[1]
            self.assertRegex(check["test"][-1], rf"^http://127\.0\.0\.1:{port}/(-/ready|api/health)$")
        self.assertEqual(self.services["prometheus"]["depends_on"], {"exporter": {"condition": "service_healthy"}})
        self.assertEqual(self.services["grafana"]["depends_on"], {"prometheus": {"condition": "service_healthy"}})

    def test_secrets_come_from_files(self):
        self.assertEqual(self.services["grafana"]["environment"]["GF_SECURITY_ADMIN_PASSWORD__FILE"],
                         "/run/secrets/grafana_admin_password")
        used = {secret for _, service in self.each() for secret in service.get("secrets", [])}
        self.assertEqual(used, set(self.file["secrets"]))
        for _, service in self.each():
            for variable in service.get("environment", {}):
                self.assertNotRegex(variable, r"PASSWORD$|KEY$|TOKEN$")
        name = "BUNTIME_EXPORTER_RUNTIME_API_KEY_FILE"
        self.assertIsNone(self.services["exporter"]["environment"][name])
        (path,) = re.findall(r"^\| `BUNTIME_API_KEY_FILE` \| `(\S+)`", (DEPLOY / "README.md").read_text(encoding="utf-8"),
                             re.MULTILINE)
        with_key = compose(BUNTIME_URL="http://192.0.2.7:8000", BUNTIME_API_KEY_FILE=path)["services"]["exporter"]
        self.assertEqual(with_key["environment"][name], path)
        (mount,) = with_key["volumes"]
        self.assertEqual(mount, f"./secrets/buntime:{os.path.dirname(path)}:ro")

    def check_config(self, service):
        environment = {name: str(value or "") for name, value in service["environment"].items()}
        done = subprocess.run([os.environ["EXPORTER"], "--config.check"], env=environment, capture_output=True,
                              text=True, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_the_exporter_accepts_its_settings(self):
        self.check_config(self.services["exporter"])

    def test_the_demonstration_has_a_runtime_of_its_own(self):
        file = compose(**env_file("demo.env"))
        exporter, simulator = file["services"]["exporter"], file["services"]["simulator"]
        self.check_config(exporter)
        self.assertEqual(simulator["profiles"], [env_file("demo.env")["COMPOSE_PROFILES"]])
        dockerfile = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
        self.assertIn('"--listen", "0.0.0.0:8000"]', dockerfile)
        self.assertEqual(exporter["environment"]["BUNTIME_EXPORTER_RUNTIME_URL"], "http://simulator:8000")
        words = simulator["command"]
        self.assertEqual(words[words.index("--pool-size") + 1], env_file("demo.env")["BUNTIME_POOL_SIZE"])
        # The simulator takes these words.
        with subprocess.Popen([os.environ["SIMULATOR"], *words], stdout=subprocess.PIPE, text=True) as process:
            self.assertTrue(process.stdout.readline().startswith("listening on http://"))
            process.terminate()

    def test_prometheus_accepts_its_configuration(self):
        config = yaml.safe_load((DEPLOY / "compose/prometheus.yml").read_text(encoding="utf-8"))
        config["rule_files"] = [str(ROOT / "alerts/*.yml")]  # where they are on this machine
        with tempfile.NamedTemporaryFile("w", suffix=".yml", encoding="utf-8") as file:
            yaml.safe_dump(config, file)
            file.flush()
            done = subprocess.run([os.environ["PROMTOOL"], "check", "config", file.name], capture_output=True,
                                  text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


class SecretsScriptTest(unittest.TestCase):
    def test_a_password_is_made_once_and_kept_among_few(self):
        with tempfile.TemporaryDirectory() as folder:
            script = pathlib.Path(folder, "secrets.sh")
            script.write_bytes((DEPLOY / "secrets.sh").read_bytes())

            def run():
                return subprocess.run(["bash", str(script)], capture_output=True, text=True, check=True).stdout

            self.assertIn("made", run())
            password = pathlib.Path(folder, "secrets/grafana-admin-password")
            key_folder = pathlib.Path(folder, "secrets/buntime")
            self.assertEqual(stat.S_IMODE(key_folder.stat().st_mode), 0o755)  # for the exporter's user in the container
            text = password.read_text(encoding="utf-8")
            self.assertGreater(len(text.strip()), 30)
            self.assertEqual(stat.S_IMODE(password.parent.stat().st_mode), 0o700)
            self.assertEqual(stat.S_IMODE(password.stat().st_mode), 0o644)  # for Grafana's user in the container
            self.assertIn("kept", run())
            self.assertEqual(password.read_text(encoding="utf-8"), text)


if __name__ == "__main__":
    unittest.main()
