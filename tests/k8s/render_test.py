"""Every kustomization renders without a warning, and what is generated is up to date."""
import json
import pathlib
import subprocess
import tempfile
import unittest

import manifests
import yaml

# What `kubectl apply` writes beside an object, and the API server accepts at most.
ANNOTATION_LIMIT = 262_144
CONFIG_MAP_LIMIT = 1 << 20


class RenderTest(unittest.TestCase):
    def test_the_overlays_are_these(self):
        self.assertEqual(["annotations", "base", "fleet", "fleet/exporter", "grafana", "prometheus-operator",
                          "prometheus-rbac", "rules", "sidecar"], manifests.OVERLAYS)

    def test_every_overlay_renders_without_a_complaint(self):
        for overlay in manifests.OVERLAYS:
            with self.subTest(overlay):
                result = manifests.kustomize(manifests.K8S / overlay)
                self.assertEqual((0, ""), (result.returncode, result.stderr))

    def test_no_object_is_rendered_twice(self):
        for overlay in manifests.OVERLAYS:
            with self.subTest(overlay):
                names = [(item["kind"], item["metadata"]["name"]) for item in manifests.render(overlay)]
                self.assertEqual(len(names), len(set(names)), names)

    def test_only_fleets_name_a_namespace(self):
        # Everything else goes to the namespace of Buntime, or of Grafana, which only the user knows.
        for overlay in manifests.OVERLAYS:
            expected = {"monitoring"} if overlay.startswith("fleet") else {None}
            with self.subTest(overlay):
                found = {item["metadata"].get("namespace") for item in manifests.render(overlay)}
                self.assertLessEqual(found, expected)

    def test_fleets_are_scraped_where_their_service_is(self):
        fleet = manifests.render("fleet")
        service = manifests.only(fleet, "Service")
        address = f"{service['metadata']['name']}.{service['metadata']['namespace']}.svc:{service['spec']['ports'][0]['port']}"
        relabelings = manifests.only(fleet, "PodMonitor", "buntime")["spec"]["podMetricsEndpoints"][0]["relabelings"]
        self.assertIn({"targetLabel": "__address__", "replacement": address}, relabelings)


class GeneratedTest(unittest.TestCase):
    def test_the_generated_files_are_what_the_generator_writes(self):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(["/usr/bin/python3", "-B", manifests.K8S / "generate.py", folder], check=True)
            for path in pathlib.Path(folder).rglob("*.yaml"):
                committed = manifests.K8S / path.relative_to(folder)
                with self.subTest(committed.name):
                    self.assertEqual(path.read_text(), committed.read_text(), "run k8s/generate.py")

    def test_every_rule_file_is_an_object_and_nothing_is_lost(self):
        objects = {item["metadata"]["name"]: item for item in manifests.render("rules")}
        files = sorted((manifests.ROOT / "alerts").glob("*.yml"))
        self.assertEqual(len(files), len(objects))
        for path in files:
            with self.subTest(path.name):
                item = objects["buntime-" + path.stem.removeprefix("buntime-")]
                self.assertEqual(yaml.safe_load(path.read_text()), item["spec"])

    def test_prometheus_accepts_the_rules_of_the_objects(self):
        with tempfile.TemporaryDirectory() as folder:
            for item in manifests.render("rules"):
                path = pathlib.Path(folder) / f"{item['metadata']['name']}.yml"
                path.write_text(yaml.safe_dump(item["spec"]))
            result = subprocess.run(["promtool", "check", "rules", *pathlib.Path(folder).glob("*.yml")],
                                    capture_output=True, text=True)
            self.assertEqual(0, result.returncode, result.stdout + result.stderr)

    def test_every_dashboard_is_in_a_config_map(self):
        maps = manifests.render("grafana")
        found = {name: json.loads(text) for item in maps for name, text in item["data"].items()}
        files = {path.name: json.loads(path.read_text()) for path in (manifests.ROOT / "grafana").rglob("buntime-*.json")}
        self.assertEqual(files, found)
        for item in maps:
            with self.subTest(item["metadata"]["name"]):
                self.assertEqual("1", item["metadata"]["labels"]["grafana_dashboard"])
                self.assertEqual("Buntime", item["metadata"]["annotations"]["grafana_folder"])

    def test_objects_fit_where_they_go(self):
        for overlay in manifests.OVERLAYS:
            # The README says to apply dashboards on the server's side, which needs no annotation.
            limit = CONFIG_MAP_LIMIT if overlay == "grafana" else ANNOTATION_LIMIT
            for item in manifests.render(overlay):
                with self.subTest(f"{overlay} {item['metadata']['name']}"):
                    self.assertLess(len(json.dumps(item).encode()), limit)


if __name__ == "__main__":
    unittest.main()
