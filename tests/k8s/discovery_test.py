"""The configurations in deploy/prometheus load, and find exactly what they should, with the labels they should."""
import collections
import pathlib
import re
import subprocess
import tempfile
import unittest

import discovery
import manifests
import yaml
from discovery import CONFIGS, cluster, job, load, public, scraped

FILES = ["annotations.yml", "file-sd.yml", "kubernetes.yml", "remote-write.yml", "sharding.yml", "static.yml"]
# What Buntime's documentation prints.
DOCUMENTED = {
    "job_name": "buntime", "metrics_path": "/metrics/api/metrics/prometheus",
    "relabel_configs": [
        {"source_labels": ["__meta_kubernetes_pod_label_app"], "regex": "buntime", "action": "keep"},
        {"source_labels": ["__meta_kubernetes_pod_ip"], "target_label": "__address__", "replacement": "$1:8000"}]}


def targets() -> list[dict]:
    return [target for pod in cluster() for target in pod.targets()]


def check_config(config: dict, folder: str) -> subprocess.CompletedProcess:
    path = pathlib.Path(folder) / "prometheus.yml"
    path.write_text(yaml.safe_dump(config))
    return subprocess.run(["promtool", "check", "config", path], capture_output=True, text=True)


class ConfigurationTest(unittest.TestCase):
    def test_the_files_are_these(self):
        self.assertEqual(FILES, sorted(path.name for path in CONFIGS.glob("*.yml")))

    def test_prometheus_loads_them_with_the_rules(self):
        # Debian's promtool is built without the discovery of Kubernetes; its block is looked at below.
        for name in FILES:
            config = load(name)
            for item in config["scrape_configs"]:
                item.pop("kubernetes_sd_configs", None)
            self.assertEqual(["../../alerts/*.yml"], config["rule_files"])
            config["rule_files"] = [str(CONFIGS / pattern) for pattern in config["rule_files"]]
            with self.subTest(name), tempfile.TemporaryDirectory() as folder:
                result = check_config(config, folder)
                self.assertEqual(0, result.returncode, result.stdout + result.stderr)
                rules = len(list((manifests.ROOT / "alerts").glob("*.yml")))
                self.assertEqual(rules, len(re.findall(r"rules found", result.stdout)))

    def test_the_discovery_of_kubernetes_asks_for_pods_by_their_labels(self):
        for name, label in (("kubernetes.yml", {"buntime": "buntime", "buntime-exporter": "buntime-exporter"}),
                            ("annotations.yml", {"buntime": None})):
            for item in load(name)["scrape_configs"]:
                with self.subTest(f"{name} {item['job_name']}"):
                    (block,) = item["kubernetes_sd_configs"]
                    self.assertLessEqual(set(block), {"role", "namespaces", "selectors"})
                    self.assertEqual("pod", block["role"])
                    wanted = label[item["job_name"]]
                    selector = [{"role": "pod", "label": f"app.kubernetes.io/name={wanted}"}] if wanted else None
                    self.assertEqual(selector, block.get("selectors"))

    def test_every_configuration_alerts_and_scrapes_as_often_as_the_rules_expect(self):
        for name in FILES:
            with self.subTest(name):
                config = load(name)
                self.assertEqual({"scrape_interval": "15s", "evaluation_interval": "15s"},
                                 {k: v for k, v in config["global"].items() if k != "external_labels"})
                self.assertTrue(config["alerting"]["alertmanagers"])
                self.assertLessEqual({item["job_name"] for item in config["scrape_configs"]},
                                     {"buntime", "buntime-exporter"})


class KubernetesTest(unittest.TestCase):
    def test_the_runtimes_are_found_and_nothing_else(self):
        found = scraped(job(load("kubernetes.yml"), "buntime"), targets())
        expected = [
            ("10.1.0.11:8000", "shop", "shop-buntime-0", "node-1"), ("[fd00:1::12]:8000", "shop", "shop-buntime-1", "node-2"),
            ("10.1.0.13:8000", "shop", "shop-buntime-2", "node-1"),
            ("10.1.0.14:8000", "legacy", "buntime-6c9d-x2x4p", "node-1")]
        self.assertCountEqual(
            [{"job": "buntime", "instance": address, "namespace": namespace, "pod": pod, "node": node}
             for address, namespace, pod, node in expected], [public(labels) for labels in found])
        for labels in found:
            self.assertEqual("buntime-exporter.monitoring.svc:10077", labels["__address__"])
            self.assertEqual(f"http://{labels['instance']}", labels["__param_target"])
            self.assertEqual(("/probe", "default"), (labels["__metrics_path__"], labels["__param_module"]))

    def test_the_exporter_is_found_under_a_job_of_its_own(self):
        found = scraped(job(load("kubernetes.yml"), "buntime-exporter"), targets())
        self.assertCountEqual(["10.1.0.20:10077", "[fd00:1::21]:10077"], [labels["__address__"] for labels in found])
        self.assertEqual({"buntime-exporter"}, {labels["job"] for labels in found})

    def test_the_documented_relabelling_takes_what_it_should_not(self):
        # Why there is so much of it here: this one also scrapes the turso-server, ended pods and each port of a pod.
        found = scraped(DOCUMENTED, targets())
        addresses = collections.Counter(labels["__address__"] for labels in found)
        for wrong in ("10.1.0.15:8000", "10.1.0.19:8000", "10.1.0.18:8000", "fd00:1::12:8000"):
            self.assertIn(wrong, addresses)
        self.assertEqual(3, addresses["10.1.0.13:8000"], "one runtime three times")


class AnnotationsTest(unittest.TestCase):
    def test_the_exporters_are_found_at_their_annotations(self):
        found = scraped(job(load("annotations.yml"), "buntime"), targets())
        self.assertCountEqual(["10.1.0.20:10077", "[fd00:1::21]:10077"], [labels["__address__"] for labels in found])
        for labels in found:
            self.assertEqual(("/metrics", "buntime"), (labels["__metrics_path__"], labels["job"]))
            self.assertEqual("monitoring", labels["namespace"])

    def test_the_port_of_the_annotation_counts(self):
        exporter = manifests.only(manifests.render("annotations"), "Deployment")
        pods = [discovery.pod_of(exporter, f"exporter-{ip}", ip) for ip in ("10.1.0.30", "fd00:1::30")]
        for pod in pods:
            pod.containers = [{"name": "buntime-exporter", "ports": [{"name": "other", "containerPort": 9999}]}]
        found = scraped(job(load("annotations.yml"), "buntime"), [target for pod in pods for target in pod.targets()])
        self.assertCountEqual(["10.1.0.30:10077", "[fd00:1::30]:10077"], [labels["__address__"] for labels in found])

    def test_a_job_for_all_annotated_pods_gives_the_right_name(self):
        # As many installations have it: labels of the pod become labels of the series, and one of them is the job.
        usual = {"job_name": "kubernetes-pods", "relabel_configs": [
            {"source_labels": ["__meta_kubernetes_pod_annotation_prometheus_io_scrape"], "regex": "true", "action": "keep"},
            {"regex": "__meta_kubernetes_pod_label_(.+)", "action": "labelmap"}]}
        jobs = {labels["__address__"]: labels["job"] for labels in scraped(usual, targets())}
        self.assertEqual("buntime", jobs["10.1.0.20:10077"])
        self.assertEqual("kubernetes-pods", jobs["10.1.0.17:9100"])


class FileTest(unittest.TestCase):
    RUNTIMES = ["http://10.0.0.5:8000", "https://buntime.example.org", "http://[fd00::1]:8000", "https://host/tenants/a/",
                "10.0.0.7:8000"]

    def found(self, config: str) -> list[dict]:
        return scraped(job(load(config), "buntime"), [{"__address__": url, "environment": "test"} for url in self.RUNTIMES])

    def test_each_runtime_is_probed_under_its_own_name(self):
        for config in ("file-sd.yml", "sharding.yml"):
            with self.subTest(config):
                found = self.found(config)
                self.assertCountEqual(self.RUNTIMES, [labels["__param_target"] for labels in found])
                self.assertCountEqual(["10.0.0.5:8000", "buntime.example.org", "[fd00::1]:8000", "host/tenants/a",
                                       "10.0.0.7:8000"], [labels["instance"] for labels in found])
                for labels in found:
                    self.assertEqual(("/probe", "default", "test", "buntime"), (
                        labels["__metrics_path__"], labels["__param_module"], labels["environment"], labels["job"]))

    def test_the_example_is_a_list_of_runtimes(self):
        (group,) = yaml.safe_load((CONFIGS / "runtimes" / "example.yml").read_text())
        answers = discovery.ask(CONFIGS / "file-sd.yml", "buntime", len(group["targets"]))
        self.assertCountEqual(group["targets"], [answer["labels"]["__param_target"] for answer in answers])


class ShardingTest(unittest.TestCase):
    RUNTIMES = [f"http://10.0.{n // 250}.{n % 250 + 1}:8000" for n in range(400)]

    def shares(self, runtimes: list[str]) -> dict[str, set]:
        shares = collections.defaultdict(set)
        for labels in scraped(job(load("sharding.yml"), "buntime"), [{"__address__": url} for url in runtimes]):
            shares[labels["__address__"]].add(labels["__param_target"])
        return shares

    def test_every_runtime_has_one_exporter_and_the_shares_are_alike(self):
        shares = self.shares(self.RUNTIMES)
        exporters = {target for group in job(load("sharding.yml"), "buntime-exporter")["static_configs"]
                     for target in group["targets"]}
        self.assertEqual(exporters, set(shares))
        self.assertEqual(len(self.RUNTIMES), sum(map(len, shares.values())))
        self.assertEqual(set(self.RUNTIMES), set.union(*shares.values()))
        for share in shares.values():
            self.assertGreater(len(share), len(self.RUNTIMES) * 0.4)

    def test_a_runtime_stays_where_it_is_when_others_come_and_go(self):
        before, after = self.shares(self.RUNTIMES), self.shares(self.RUNTIMES[100:])
        for exporter, share in after.items():
            self.assertLessEqual(share, before[exporter])

    def test_no_label_says_which_exporter_it_was(self):
        # A runtime that moves to another exporter goes on in the same series.
        for labels in scraped(job(load("sharding.yml"), "buntime"), [{"__address__": self.RUNTIMES[0]}]):
            self.assertEqual({"job", "instance"}, set(public(labels)))


if __name__ == "__main__":
    unittest.main()
