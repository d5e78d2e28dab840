"""The real program accepts what the manifests give it: arguments, variables, files, probes, ports, limits.

Each container of ours is played without a cluster: its volumes become folders, its variables are taken from where the
manifest says, and the paths in its arguments are turned to those folders.
"""
import pathlib
import re
import subprocess
import unittest
from concurrent.futures import ThreadPoolExecutor

import manifests
import yaml
from exposition import Exposition
from manifests import only, render
from programs import ProgramTest
from support import MIB, binary, eventually

KEY = "a key of role editor"
UNITS = {"Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30}


def in_bytes(quantity: str) -> int:
    number, unit = re.fullmatch(r"(\d+)(Ki|Mi|Gi)", quantity).groups()
    return int(number) * UNITS[unit]


class Container:
    """A container of a pod, and what it mounts, below `folder`."""

    def __init__(self, spec: dict, objects: list[dict], folder: pathlib.Path):
        self.spec = manifests.container(spec)
        self.objects = objects
        self.folders = {}
        for mount in self.spec["volumeMounts"]:
            volume = next(item for item in spec["volumes"] if item["name"] == mount["name"])
            self.folders[mount["mountPath"]] = folder / mount["name"]
        for mount in self.spec["volumeMounts"]:
            volume = next(item for item in spec["volumes"] if item["name"] == mount["name"])
            self._fill(volume, self.folders[mount["mountPath"]])

    def _fill(self, volume: dict, folder: pathlib.Path):
        folder.mkdir()
        if "secret" in volume:
            # As the README creates it.
            files = {"api-key": KEY}
        else:
            files = only(self.objects, "ConfigMap", volume["configMap"]["name"])["data"]
        for name, text in files.items():
            (folder / name).write_text(self.localized(text))

    def localized(self, text: str) -> str:
        for inside, outside in self.folders.items():
            text = text.replace(inside, str(outside))
        return text

    def flags(self) -> list[str]:
        return [self.localized(argument) for argument in self.spec.get("args", [])]

    def environment(self) -> dict[str, str]:
        """What the kubelet would set. Buntime's chart is installed beside it."""
        variables = {}
        for item in self.spec.get("env", []):
            if "value" in item:
                variables[item["name"]] = self.localized(item["value"])
            else:
                reference = item["valueFrom"]["configMapKeyRef"]
                config = only(manifests.charts()["0.2.26"], "ConfigMap", reference["name"])
                variables[item["name"]] = config["data"][reference["key"]]
        return variables


class ContainerTest(ProgramTest):
    def container(self, overlay: str) -> Container:
        objects = render(overlay)
        spec = (manifests.sidecar_patch() if overlay == "sidecar" else only(objects, "Deployment"))["spec"]["template"]["spec"]
        folder = pathlib.Path(self.folder()) / overlay.replace("/", "-")
        folder.mkdir()
        return Container(spec, objects, folder)

    def check(self, overlay: str, **more: str) -> subprocess.CompletedProcess:
        container = self.container(overlay)
        return subprocess.run([binary("EXPORTER"), *container.flags(), "--config.check"], capture_output=True, text=True,
                              env={**container.environment(), **more})

    def test_arguments_and_configuration_are_accepted(self):
        for overlay in [*manifests.WITH_EXPORTER, "sidecar"]:
            with self.subTest(overlay):
                result = self.check(overlay)
                self.assertEqual(0, result.returncode, result.stderr)

    def test_variables_of_a_service_do_no_harm(self):
        # In Buntime's pod the sidecar cannot switch off what Kubernetes says about a Service called like the exporter.
        result = self.check("sidecar", BUNTIME_EXPORTER_PORT="tcp://10.0.0.1:10077", BUNTIME_EXPORTER_SERVICE_HOST="10.0.0.1",
                            BUNTIME_EXPORTER_SERVICE_PORT_METRICS="10077")
        self.assertEqual(0, result.returncode, result.stderr)

    def test_the_port_is_the_one_that_it_listens_on(self):
        helped = subprocess.run([binary("EXPORTER"), "--help"], capture_output=True, text=True, check=True).stdout
        listen = re.search(r"--web\.listen-address ADDRESS +\(default: :(\d+)\)", helped)[1]
        telemetry = re.search(r"--web\.telemetry-path PATH +\(default: (\S+)\)", helped)[1]
        for overlay in [*manifests.WITH_EXPORTER, "sidecar"]:
            with self.subTest(overlay):
                self.assertEqual(int(listen), self.container(overlay).spec["ports"][0]["containerPort"])
                for monitor in manifests.of_kind(render(overlay), "PodMonitor"):
                    for endpoint in monitor["spec"]["podMetricsEndpoints"]:
                        self.assertIn(endpoint["path"], (telemetry, "/probe"))

    def start(self, overlay: str, *simulator: str):
        """The container beside a runtime of 0.5.4 that wants the key, at a free port instead of its own."""
        container = self.container(overlay)
        key = self.write(f"{overlay}-key", KEY)
        runtime = self.simulator("--release", "0.5.4", "--api-key-file", key, *simulator)
        flags = [flag.replace("http://127.0.0.1:8000", runtime.url) for flag in container.flags()]
        environment = container.environment()
        if overlay != "sidecar":
            environment["BUNTIME_EXPORTER_RUNTIME_URL"] = runtime.url
        return container, runtime, self.exporter(*flags, environment=environment)

    def test_it_runs_and_answers_the_probes(self):
        for overlay in ("base", "sidecar"):
            with self.subTest(overlay):
                container, _, exporter = self.start(overlay)
                page = exporter.wait_until_up()
                config = only(manifests.charts()["0.2.26"], "ConfigMap")
                self.assertEqual(float(config["data"]["RUNTIME_POOL_SIZE"]), page.value("buntime_pool_size"))
                for name in ("livenessProbe", "readinessProbe"):
                    if name in container.spec:
                        self.assertEqual(200, exporter.get(container.spec[name]["httpGet"]["path"]).status, name)

    def test_a_runtime_that_is_down_does_not_make_it_unready(self):
        container, runtime, exporter = self.start("base")
        exporter.wait_until_up()
        runtime.stop()
        eventually(lambda: exporter.metrics().value("buntime_up") == 0)
        for name in ("livenessProbe", "readinessProbe"):
            self.assertEqual(200, exporter.get(container.spec[name]["httpGet"]["path"]).status, name)

    def fleet(self, *simulator: str):
        """The exporter of a fleet beside runtimes on this machine, whose addresses its configuration does not allow."""
        container = self.container("fleet/exporter")
        runtimes = self.simulator("--release", "0.5.4", "--api-key-file", self.write("fleet-key", KEY), *simulator)
        exporter = self.exporter(*container.flags(), environment=container.environment())
        return container, runtimes, exporter

    def allow_this_machine(self, container: Container, probe) -> dict:
        """Changes the configuration, which the exporter reads again; returns the module."""
        path = container.folders["/etc/buntime-exporter"] / "config.yml"
        config = yaml.safe_load(path.read_text())
        config["modules"]["default"]["allowed_targets"] = ["127.0.0.1/32"]
        path.write_text(yaml.safe_dump(config))
        eventually(lambda: probe().status == 200)
        return config["modules"]["default"]

    def test_the_fleets_exporter_probes_what_its_configuration_allows(self):
        container, runtime, exporter = self.fleet()

        def probe():
            return exporter.get(f"/probe?module=default&target={runtime.url}")

        for name in ("livenessProbe", "readinessProbe"):
            self.assertEqual(200, exporter.get(container.spec[name]["httpGet"]["path"]).status, name)
        self.assertEqual(403, probe().status, "an address that no pod has")
        module = self.allow_this_machine(container, probe)
        page = Exposition(probe().text)
        self.assertEqual(1, page.value("buntime_up"))
        self.assertEqual(module["pool_size"], page.value("buntime_pool_size"))

    def test_a_fleet_fits_the_limits(self):
        container, runtimes, exporter = self.fleet("--runtimes", "200", "--workers", "50")

        def probe(url=runtimes.url):
            return exporter.get(f"/probe?module=default&target={url}")

        self.allow_this_machine(container, probe)
        with ThreadPoolExecutor(20) as pool:
            for answer in pool.map(probe, 3 * runtimes.urls):
                self.assertEqual(200, answer.status)
        _, peak = exporter.memory()
        limit = in_bytes(container.spec["resources"]["limits"]["memory"])
        self.report(f"{len(runtimes.urls)} runtimes with 50 workers each: {peak / MIB:.1f} MiB at most")
        self.assertLess(peak, limit / 2)

    def test_a_full_runtime_fits_the_limits(self):
        # As many workers as have series of their own by default.
        container, _, exporter = self.start("base", "--workers", "1000")
        page = exporter.wait_until_up()
        samples = len(page.samples)
        limits = {item["spec"]["sampleLimit"] for overlay in ("prometheus-operator", "fleet", "sidecar")
                  for item in manifests.of_kind(render(overlay), "PodMonitor")}
        self.assertLess(2 * samples, min(limits))
        exporter.get("/metrics", headers={"Accept-Encoding": "gzip"})
        _, peak = exporter.memory()
        limit = in_bytes(container.spec["resources"]["limits"]["memory"])
        self.report(f"{samples} samples, {peak / MIB:.1f} MiB at most")
        self.assertLess(peak, limit / 2)


if __name__ == "__main__":
    unittest.main()
