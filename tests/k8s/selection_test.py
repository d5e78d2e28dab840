"""Labels and selectors: ours say what an object is, find our own pods, and never collide with those of Buntime's charts."""
import unittest

import manifests
from manifests import only, own_objects, pod_labels, render, selects, workloads

RECOMMENDED = {f"app.kubernetes.io/{name}" for name in ("name", "instance", "version", "component", "part-of", "managed-by")}
IMMUTABLE = {"app.kubernetes.io/name", "app.kubernetes.io/instance"}


class LabelTest(unittest.TestCase):
    def test_every_object_has_the_recommended_labels(self):
        for where, item in own_objects():
            with self.subTest(where):
                labels = item["metadata"]["labels"]
                self.assertLessEqual(RECOMMENDED, set(labels))
                self.assertEqual(manifests.VERSION, labels["app.kubernetes.io/version"])
                self.assertEqual(("buntime-exporter", "exporter"),
                                 (labels["app.kubernetes.io/name"], labels["app.kubernetes.io/component"]))

    def test_annotations_and_labels_are_text(self):
        for where, item in own_objects():
            with self.subTest(where):
                places = [item["metadata"]]
                if item["kind"] == "Deployment":
                    places.append(item["spec"]["template"]["metadata"])
                for place in places:
                    for value in {**place.get("labels", {}), **place.get("annotations", {})}.values():
                        self.assertIsInstance(value, str)

    def test_operators_find_the_monitors_and_rules(self):
        for where, item in own_objects():
            if item["kind"] in ("PodMonitor", "PrometheusRule"):
                with self.subTest(where):
                    self.assertEqual("kube-prometheus-stack", item["metadata"]["labels"]["release"])

    def test_selectors_name_what_never_changes_and_find_our_pods(self):
        for overlay in manifests.WITH_EXPORTER:
            with self.subTest(overlay):
                objects = render(overlay)
                deployment, service = only(objects, "Deployment"), only(objects, "Service")
                policy = only(objects, "NetworkPolicy")
                for selector in (deployment["spec"]["selector"], {"matchLabels": service["spec"]["selector"]},
                                 policy["spec"]["podSelector"]):
                    self.assertEqual(IMMUTABLE, set(selector["matchLabels"]))
                    self.assertTrue(selects(selector, pod_labels(deployment)))

    def test_annotations_and_monitors_exclude_each_other(self):
        # With both, everything is scraped twice.
        for overlay in manifests.OVERLAYS:
            with self.subTest(overlay):
                objects = render(overlay)
                annotated = any("prometheus.io/scrape" in workload["spec"]["template"]["metadata"].get("annotations", {})
                                for workload in workloads(objects))
                self.assertFalse(annotated and manifests.of_kind(objects, "PodMonitor", "ServiceMonitor"))
                self.assertEqual(overlay == "annotations", annotated)


class CollisionTest(unittest.TestCase):
    """Our selectors against the labels of both generations of Buntime's chart, and theirs against ours."""

    def test_buntimes_selectors_never_take_our_pods(self):
        for version, objects in manifests.charts().items():
            for item in objects:
                selector = item["spec"].get("selector") if "spec" in item else None
                if selector is None:
                    continue
                if item["kind"] == "Service":
                    selector = {"matchLabels": selector}
                for overlay in manifests.WITH_EXPORTER:
                    with self.subTest(f"{version} {item['kind']} {item['metadata']['name']}, {overlay}"):
                        self.assertFalse(selects(selector, pod_labels(only(render(overlay), "Deployment"))))

    def test_our_monitors_take_the_runtimes_and_nothing_else(self):
        for overlay, name in (("fleet", "buntime"), ("sidecar", "buntime")):
            selector = only(render(overlay), "PodMonitor", name)["spec"]["selector"]
            for version, objects in manifests.charts().items():
                for workload in workloads(objects):
                    with self.subTest(f"{overlay}, {version} {workload['metadata']['name']}"):
                        runtime = "turso" not in workload["metadata"]["name"]
                        self.assertEqual(runtime, selects(selector, pod_labels(workload)))
            for other in manifests.WITH_EXPORTER:
                self.assertFalse(selects(selector, pod_labels(only(render(other), "Deployment"))))

    def test_our_other_selectors_take_no_pod_of_buntime(self):
        for where, item in own_objects():
            selector = item.get("spec", {}).get("podSelector" if item["kind"] == "NetworkPolicy" else "selector")
            if selector is None or (item["kind"], item["metadata"]["name"]) == ("PodMonitor", "buntime"):
                continue
            if item["kind"] == "Service":
                selector = {"matchLabels": selector}
            for version, objects in manifests.charts().items():
                for workload in workloads(objects):
                    with self.subTest(f"{where}, {version} {workload['metadata']['name']}"):
                        self.assertFalse(selects(selector, pod_labels(workload)))

    def test_the_ports_of_the_monitors_are_in_one_container_each(self):
        runtime = [workload for objects in manifests.charts().values() for workload in workloads(objects)
                   if "turso" not in workload["metadata"]["name"]]
        port = only(render("fleet"), "PodMonitor", "buntime")["spec"]["podMetricsEndpoints"][0]["port"]
        for workload in runtime:
            names = [item["name"] for container in workload["spec"]["template"]["spec"]["containers"]
                     for item in container["ports"]]
            self.assertEqual(1, names.count(port))
            sidecar = [item["name"] for item in manifests.container(
                manifests.sidecar_patch()["spec"]["template"]["spec"])["ports"]]
            self.assertEqual([], [name for name in sidecar if name in names])

    def test_the_selector_itself(self):
        # The judge of all of the above: a wrong one would let everything pass.
        for selector, labels, expected in (
                ({}, {"a": "1"}, True),
                ({"matchLabels": {"a": "1"}}, {"a": "1", "b": "2"}, True),
                ({"matchLabels": {"a": "1"}}, {"a": "2"}, False),
                ({"matchLabels": {"a": "1"}}, {}, False),
                ({"matchExpressions": [{"key": "a", "operator": "DoesNotExist"}]}, {}, True),
                ({"matchExpressions": [{"key": "a", "operator": "DoesNotExist"}]}, {"a": ""}, False),
                ({"matchExpressions": [{"key": "a", "operator": "Exists"}]}, {"a": ""}, True),
                ({"matchExpressions": [{"key": "a", "operator": "In", "values": ["1"]}]}, {"a": "1"}, True),
                ({"matchExpressions": [{"key": "a", "operator": "NotIn", "values": ["1"]}]}, {}, True)):
            with self.subTest(selector=selector, labels=labels):
                self.assertEqual(expected, selects(selector, labels))


if __name__ == "__main__":
    unittest.main()
