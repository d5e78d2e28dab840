"""The Helm chart renders what the overlays do, takes every value it offers, and refuses those that make no sense."""
import copy
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import chart
import manifests
import yaml
from chart import CHART, helm, template
from manifests import only


def comparable(item: dict, namespace: str) -> dict:
    """An object without what differs on purpose: who manages it, and how texts within it are written."""
    item = copy.deepcopy(item)
    item["metadata"].setdefault("namespace", namespace)
    places = [item["metadata"]]
    if item["kind"] == "Deployment":
        places.append(item["spec"]["template"]["metadata"])
        pod = item["spec"]["template"]["spec"]
        for items in (pod["volumes"], pod["containers"][0]["volumeMounts"], pod["containers"][0].get("env", [])):
            items.sort(key=lambda entry: entry["name"])
    for place in places:
        place["labels"].pop("app.kubernetes.io/managed-by")
    if item["kind"] == "ConfigMap":
        item["data"] = {name: yaml.safe_load(text) for name, text in item["data"].items()}  # JSON is YAML
    return item


def by_name(objects: list[dict], namespace: str) -> dict[str, dict]:
    return {f"{item['kind']}/{item['metadata']['name']}": comparable(item, namespace) for item in objects}


class OverlayTest(unittest.TestCase):
    maxDiff = None

    def test_it_renders_the_objects_of_each_overlay(self):
        for overlay, (namespace, values) in chart.VALUES.items():
            with self.subTest(overlay):
                expected = by_name(manifests.render(overlay), namespace)
                found = by_name(template(values, namespace), namespace)
                self.assertEqual(set(expected), set(found))
                for name, item in expected.items():
                    self.assertEqual(item, found[name], name)

    def test_every_overlay_has_values_but_those_that_are_no_exporter(self):
        self.assertEqual({"sidecar", "prometheus-rbac"}, set(manifests.OVERLAYS) - set(chart.VALUES))

    def test_the_readme_names_the_values(self):
        readme = (manifests.K8S / "README.md").read_text()
        for overlay, (_, values) in chart.VALUES.items():
            if values:
                self.assertIn(f"| `{overlay}` | `{','.join(values)}` |", readme)


class ValuesTest(unittest.TestCase):
    ALL = {
        "extraLabels": {"team": "shop"}, "image": {"repository": "registry.example.com/e", "tag": "9", "pullSecrets": ["p"]},
        "runtime": {"url": "https://shop-buntime:8443", "poolSize": 7}, "existingSecret": "mine",
        "extraEnv": {"BUNTIME_EXPORTER_POLL_INTERVAL": "10s"}, "resources": {"limits": {"memory": "1Gi"}},
        "podAnnotations": {"a": "b"}, "podLabels": {"c": "d"}, "nodeSelector": {"e": "f"},
        "tolerations": [{"key": "g", "operator": "Exists"}], "affinity": {"podAntiAffinity": {}},
        "priorityClassName": "high", "serviceAccount": {"name": "account", "annotations": {"h": "i"}},
        "networkPolicy": {"prometheusNamespace": "observability"},
        "podMonitor": {"enabled": True, "labels": {"release": "mine"}, "interval": "30s"},
        "rules": {"enabled": True, "labels": {"release": "mine"}},
        "dashboards": {"enabled": True, "labels": {"grafana": "yes"}, "annotations": {}},
    }

    def with_values(self, values: dict, *arguments: str) -> list[dict]:
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            yaml.safe_dump(values, file)
            file.flush()
            done = helm("template", "shop", str(CHART), "--values", file.name, *arguments)
        self.assertEqual(0, done.returncode, done.stderr)
        return manifests.documents(done.stdout)

    def test_every_value_arrives(self):
        objects = self.with_values(self.ALL)
        for item in objects:
            self.assertEqual("shop", item["metadata"]["labels"]["team"])
            self.assertTrue(item["metadata"]["name"].startswith(("shop-buntime", "account")), item["metadata"]["name"])
        spec = only(objects, "Deployment")["spec"]["template"]
        self.assertEqual({"a": "b"}, spec["metadata"]["annotations"])
        self.assertEqual("d", spec["metadata"]["labels"]["c"])
        pod = spec["spec"]
        self.assertEqual(("account", "high", {"e": "f"}), (pod["serviceAccountName"], pod["priorityClassName"],
                                                            pod["nodeSelector"]))
        self.assertEqual([{"name": "p"}], pod["imagePullSecrets"])
        self.assertEqual(self.ALL["tolerations"], pod["tolerations"])
        self.assertEqual(self.ALL["affinity"], pod["affinity"])
        self.assertEqual("mine", pod["volumes"][0]["secret"]["secretName"])
        (container,) = pod["containers"]
        self.assertEqual("registry.example.com/e:9", container["image"])
        self.assertEqual({"limits": {"memory": "1Gi"}}, container["resources"])
        self.assertEqual({"BUNTIME_EXPORTER_RUNTIME_URL": "https://shop-buntime:8443",
                          "BUNTIME_EXPORTER_RUNTIME_POOL_SIZE": "7", "BUNTIME_EXPORTER_POLL_INTERVAL": "10s",
                          "BUNTIME_EXPORTER_RUNTIME_API_KEY_FILE": "/run/secrets/buntime/api-key"},
                         {item["name"]: item["value"] for item in container["env"]})
        self.assertIn("observability", str(only(objects, "NetworkPolicy")))
        self.assertEqual("30s", only(objects, "PodMonitor")["spec"]["podMetricsEndpoints"][0]["interval"])
        for item in manifests.of_kind(objects, "PodMonitor", "PrometheusRule"):
            self.assertEqual("mine", item["metadata"]["labels"]["release"])

    def test_rules_are_those_that_the_generator_writes_with_the_same_settings(self):
        runbooks, grafana = "https://git.example.org/blob/main", "http://grafana.example.org:3000/g"
        flags = {"--runbook-base": runbooks, "--grafana-base": grafana}
        for words, values in (
                ([], {}),
                (["--runbook-base", runbooks], {"runbookBase": runbooks}),
                (["--grafana-base", grafana], {"grafanaBase": grafana + "/"}),
                ([word for flag in flags.items() for word in flag] + ["--no-keep-firing"],
                 {"runbookBase": runbooks, "grafanaBase": grafana, "keepFiring": False})):
            with self.subTest(words), tempfile.TemporaryDirectory() as folder:
                subprocess.run([sys.executable, "-B", str(manifests.K8S / "generate.py"), *words, folder], check=True)
                written = manifests.documents(pathlib.Path(folder, "rules/prometheusrules.yaml").read_text())
                rendered = self.with_values({"exporter": {"enabled": False}, "rules": {"enabled": True, **values}})
                self.assertEqual([item["spec"] for item in written], [item["spec"] for item in rendered])

    def test_no_key_no_volume(self):
        for mode in ("standalone", "fleet"):
            with self.subTest(mode):
                self.assertNotIn("api-key", json.dumps(self.with_values({"mode": mode, "existingSecret": ""})))

    def test_a_fleet_is_scraped_where_it_is_installed(self):
        objects = self.with_values({"mode": "fleet", "podMonitor": {"enabled": True}}, "--namespace", "observability")
        self.assertIn("shop-buntime-exporter.observability.svc:10077", str(only(objects, "PodMonitor", "shop-buntime")))

    def test_two_releases_own_no_common_object(self):
        names = [{(item["kind"], item["metadata"]["name"]) for item in template(
            ["podMonitor.enabled=true", "rules.enabled=true", "dashboards.enabled=true", f"mode={mode}"], release=release)}
            for release, mode in (("buntime-exporter", "fleet"), ("shop", "standalone"))]
        self.assertEqual(set(), names[0] & names[1])

    def test_what_makes_no_sense_is_refused(self):
        for value, word in (("mode=both", "mode"), ("runtime.url=shop:8000", "url"), ("image.pullPolicy=Sometimes", "pullPolicy"),
                            ("runtime.poolSize=0", "poolSize"), ("fleet.timeout=8", "timeout"), ("replicas=2", "replicas"),
                            ("extraEnv.PATH=/", "PATH"), ("podMonitor.enabled=maybe", "enabled"),
                            ("rules.runbookBase=git.example.org", "runbookBase"), ("rules.grafanaBase=http://a/$1", "grafanaBase"),
                            ("scrapeAnnotations=true,podMonitor.enabled=true", "exclude each other")):
            with self.subTest(value):
                done = helm("template", "shop", str(CHART), "--set", value)
                self.assertNotEqual(0, done.returncode)
                self.assertIn(word, done.stderr)

    def test_the_schema_knows_every_value(self):
        schema = json.loads((CHART / "values.schema.json").read_text())
        values = yaml.safe_load((CHART / "values.yaml").read_text())
        self.assertEqual(set(values) | {"global"}, set(schema["properties"]))


class ChartTest(unittest.TestCase):
    def test_helm_finds_nothing_wrong(self):
        done = helm("lint", "--strict", str(CHART))
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)

    def test_it_is_of_this_version(self):
        meta = yaml.safe_load((CHART / "Chart.yaml").read_text())
        self.assertEqual((manifests.VERSION, manifests.VERSION), (meta["version"], meta["appVersion"]))

    def test_the_notes_name_the_next_command(self):
        for values in ([], ["mode=fleet"], ["exporter.enabled=false", "dashboards.enabled=true"], ["existingSecret="]):
            with self.subTest(values=values):
                done = helm("install", "shop", str(CHART), "--namespace", "team", "--dry-run=client", *chart.options(values))
                self.assertEqual(0, done.returncode, done.stderr)
                notes = done.stdout.partition("NOTES:")[2]
                self.assertIn("--namespace team", notes)
                self.assertEqual("exporter.enabled=false" in values, "rollout status" not in notes)
                self.assertEqual(not values or values == ["mode=fleet"], "create secret" in notes)

    def test_a_package_holds_rules_and_dashboards_and_fits_a_release(self):
        with tempfile.TemporaryDirectory() as folder:
            done = helm("package", str(CHART), "--destination", folder)
            self.assertEqual(0, done.returncode, done.stderr)
            (package,) = pathlib.Path(folder).glob("*.tgz")
            self.assertLess(package.stat().st_size, 300_000)  # Helm keeps it in a Secret, of 1 MiB at most
            objects = template(["rules.enabled=true", "dashboards.enabled=true"], chart=package)
        rules = len(list((manifests.ROOT / "alerts").glob("*.yml")))
        self.assertEqual(rules, len(manifests.of_kind(objects, "PrometheusRule")))
        self.assertEqual(5, len(manifests.of_kind(objects, "ConfigMap")))
        self.assertFalse(re.search(r"files/", str(objects)))


if __name__ == "__main__":
    unittest.main()
