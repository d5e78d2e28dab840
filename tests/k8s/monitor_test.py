"""What the PodMonitors of the overlays scrape in a cluster, and under which labels."""
import subprocess
import unittest

import discovery
import manifests
import prometheus_operator
from discovery import cluster, pod_of, public
from manifests import only, render


def scraped(overlay: str, name: str, pods: list) -> list[dict]:
    monitor = only(render(overlay), "PodMonitor", name)
    monitor = monitor | {"metadata": {"namespace": "shop"} | monitor["metadata"]}
    namespace = prometheus_operator.namespaces(monitor)
    targets = [target for pod in pods if namespace in (None, pod.namespace) for target in pod.targets()]
    return discovery.scraped(prometheus_operator.scrape_config(monitor), targets)


class FleetTest(unittest.TestCase):
    def test_every_runtime_is_probed_once_under_its_own_name(self):
        found = scraped("fleet", "buntime", cluster())
        self.assertCountEqual(
            [("10.1.0.11:8000", "shop", "shop-buntime-0", "shop"), ("[fd00:1::12]:8000", "shop", "shop-buntime-1", "shop"),
             ("10.1.0.13:8000", "shop", "shop-buntime-2", "shop"),
             ("10.1.0.14:8000", "legacy", "buntime-6c9d-x2x4p", "buntime")],
            [(labels["instance"], labels["namespace"], labels["pod"], labels["app_kubernetes_io_instance"])
             for labels in found])
        for labels in found:
            self.assertEqual("buntime", labels["job"])
            self.assertEqual("buntime-exporter.monitoring.svc:10077", labels["__address__"])
            self.assertEqual(f"http://{labels['instance']}", labels["__param_target"])
            self.assertEqual(("/probe", "default"), (labels["__metrics_path__"], labels["__param_module"]))
            self.assertEqual(("15s", "10s"), (labels["__scrape_interval__"], labels["__scrape_timeout__"]))
            # The exporter's own labels would be replaced by these.
            self.assertNotIn("runtime", labels)

    def test_the_exporter_is_scraped_as_a_job_of_its_own(self):
        found = scraped("fleet", "buntime-exporter", cluster())
        self.assertCountEqual(["10.1.0.20:10077", "[fd00:1::21]:10077"], [labels["instance"] for labels in found])
        self.assertEqual({"buntime-exporter"}, {labels["job"] for labels in found})

    def test_the_answer_comes_before_prometheus_gives_up(self):
        module = manifests.documents(only(render("fleet"), "ConfigMap")["data"]["config.yml"])[0]["modules"]["default"]
        (endpoint,) = only(render("fleet"), "PodMonitor", "buntime")["spec"]["podMetricsEndpoints"]
        self.assertLess(int(module["timeout"].removesuffix("s")), int(endpoint["scrapeTimeout"].removesuffix("s")))


class SingleTest(unittest.TestCase):
    def test_the_exporter_of_one_runtime_is_found_in_its_namespace(self):
        exporter = only(render("prometheus-operator"), "Deployment")
        pods = [*cluster(), pod_of(exporter, "buntime-exporter-5f", "10.1.0.23"),
                pod_of(exporter, "buntime-exporter-old", "10.1.0.24", phase="Failed")]
        (labels,) = scraped("prometheus-operator", "buntime-exporter", pods)
        self.assertEqual({"job": "buntime", "instance": "10.1.0.23:10077", "namespace": "shop", "pod": "buntime-exporter-5f",
                          "container": "buntime-exporter", "endpoint": "metrics"}, public(labels))

    def test_sidecars_are_found_in_the_pods_of_the_runtimes(self):
        patched = manifests.documents(subprocess.run(
            [manifests.K8S / "sidecar" / "post-render.sh", "StatefulSet/shop-buntime"], capture_output=True, text=True,
            check=True, input=(manifests.CHARTS / "0.5.4.yaml").read_text()).stdout)
        pods = [*cluster(), pod_of(only(patched, "StatefulSet", "shop-buntime"), "shop-buntime-0", "10.1.0.25"),
                pod_of(only(patched, "StatefulSet", "shop-buntime-turso"), "shop-buntime-turso-0", "10.1.0.26")]
        (labels,) = scraped("sidecar", "buntime", pods)
        self.assertEqual({"job": "buntime", "instance": "10.1.0.25:10077", "namespace": "shop", "pod": "shop-buntime-0",
                          "container": "buntime-exporter", "endpoint": "metrics", "app_kubernetes_io_instance": "shop"},
                         public(labels))


if __name__ == "__main__":
    unittest.main()
