"""Every overlay and the Helm chart, applied to an API server as k8s/README.md says: together where users would, twice, and
deleted again."""
import functools
import json
import pathlib
import re
import shlex
import shutil
import sys
import tempfile
import time
import unittest

import fixtures
from cluster import HERE, Cluster, manifests

sys.path.insert(0, str(HERE.parent / "k8s"))
import chart  # noqa: E402  (the path above comes first)
import readme_test  # noqa: E402

NAMESPACES = ["monitoring", "shop"]
# What one cluster may have at once, as (overlay, namespace).
TOGETHER = [
    [("fleet", "monitoring"), ("grafana", "monitoring"), ("prometheus-operator", "shop")],
    [("grafana", "monitoring"), ("fleet", "monitoring"), ("sidecar", "shop")],
    [("fleet/exporter", "monitoring"), ("prometheus-rbac", "monitoring"), ("grafana", "monitoring"), ("base", "shop")],
    [("annotations", "shop"), ("prometheus-rbac", "monitoring"), ("grafana", "shop"), ("rules", "monitoring")],
]


def apply_objects(cluster: Cluster, *objects: dict) -> None:
    cluster.kubectl("apply", "--server-side", "--filename=-",
                    text=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))


@functools.cache
def prepared_cluster() -> Cluster:
    """The cluster that all tests of this module share, with what it needs besides our objects."""
    folder = tempfile.TemporaryDirectory()
    unittest.addModuleCleanup(folder.cleanup)
    started = time.monotonic()
    cluster = Cluster(folder.name)
    unittest.addModuleCleanup(cluster.stop)
    cluster.wait_until_ready()
    print(f"the API server was ready after {time.monotonic() - started:.0f} s", flush=True)
    apply_objects(cluster, *fixtures.OPERATOR, fixtures.RESTRICTED)
    for name in NAMESPACES:
        cluster.kubectl("create", "namespace", name)
        # As the label of a namespace in newer releases; also what the network policies select by.
        cluster.kubectl("label", "namespace", name, f"kubernetes.io/metadata.name={name}",
                        "pod-security.kubernetes.io/enforce=restricted")
    cluster.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
    return cluster


class ClusterTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = prepared_cluster()

    def tearDown(self):
        self.assertEqual({}, self.cluster.objects(NAMESPACES), "something stayed")


class ApplyTest(ClusterTest):
    def apply(self, overlay: str, namespace: str) -> None:
        done = self.cluster.kubectl("apply", "--server-side", "--namespace", namespace, "--kustomize",
                                    str(manifests.K8S / overlay))
        self.assertEqual("", done.stderr)

    def test_what_users_apply_together_stays_whole(self):
        for overlays in TOGETHER:
            with self.subTest(overlays):
                try:
                    self.apply_twice(overlays)
                finally:
                    for overlay, namespace in overlays:
                        self.cluster.kubectl("delete", "--ignore-not-found", "--namespace", namespace, "--kustomize",
                                             str(manifests.K8S / overlay))
                self.assertEqual({}, self.cluster.objects(NAMESPACES))

    def apply_twice(self, overlays: list[tuple[str, str]]) -> None:
        for overlay, namespace in overlays:
            self.apply(overlay, namespace)
        first = self.cluster.objects(NAMESPACES)
        expected = {f"{item['kind']} {self.place(item, namespace)} {item['metadata']['name']}"
                    for overlay, namespace in overlays for item in manifests.render(overlay)}
        self.assertEqual(expected, set(first))
        if any("fleet" in overlay for overlay, _ in overlays):
            config = self.cluster.kubectl("get", "configmap", "buntime-exporter", "--namespace=monitoring", "--output=json")
            self.assertEqual(["config.yml"], list(json.loads(config.stdout)["data"]))
        for overlay, namespace in overlays:
            self.apply(overlay, namespace)
        second = self.cluster.objects(NAMESPACES)
        self.assertEqual([], [name for name in first if first[name] != second[name]], "the second time changed something")

    @staticmethod
    def place(item: dict, namespace: str) -> str:
        return "" if item["kind"].startswith("Cluster") else item["metadata"].get("namespace", namespace)

    def create_pod(self, template: dict, check: bool = True):
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {**template["metadata"], "name": "pod"}, "spec": template["spec"]}
        return self.cluster.kubectl("create", "--dry-run=server", "--namespace=shop", "--filename=-", check=check,
                                    text=json.dumps(pod))

    def test_restricted_pods_are_admitted(self):
        templates = [manifests.only(manifests.render(overlay), "Deployment")["spec"]["template"]
                     for overlay in manifests.WITH_EXPORTER]
        templates.append(manifests.only(chart.template([]), "Deployment")["spec"]["template"])
        for template in templates:
            self.create_pod(template)
        # The policy is in force: it refuses what the standard refuses.
        for field, value in (("allowPrivilegeEscalation", True), ("runAsNonRoot", False), ("capabilities", {"add": ["NET_RAW"]})):
            bad = json.loads(json.dumps(templates[0]))
            bad["spec"]["containers"][0]["securityContext"][field] = value
            if field == "runAsNonRoot":
                bad["spec"]["containers"][0]["securityContext"]["runAsUser"] = 0
            with self.subTest(field):
                done = self.create_pod(bad, check=False)
                self.assertIn("PodSecurityPolicy", done.stderr)

    def test_the_rights_of_a_prometheus_without_the_operator(self):
        def may(verb: str) -> str:
            return self.cluster.kubectl("auth", "can-i", verb, "pods", "--all-namespaces",
                                        "--as=system:serviceaccount:monitoring:prometheus", check=False).stdout.strip()

        self.assertEqual("no", may("list"))
        self.apply("prometheus-rbac", "monitoring")
        self.assertEqual(["yes", "yes", "yes", "no", "no"], [may(verb) for verb in ("get", "list", "watch", "create", "delete")])
        self.cluster.kubectl("delete", "--kustomize", str(manifests.K8S / "prometheus-rbac"))

    def test_the_readme_s_steps(self):
        """The Secret, the folder of one's own, and another namespace for a fleet."""
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            shutil.copytree(manifests.K8S, root / "k8s", symlinks=True)
            (root / "my").mkdir()
            for block in readme_test.blocks("yaml"):
                (root / "my" / re.match(r"# my/([\w.]+)", block)[1]).write_text(block)
            (root / "key.txt").write_text("a key")
            for start in ("kubectl create secret", "kubectl kustomize my", "kubectl apply --server-side -k my"):
                (line,) = [line for line in readme_test.commands() if line.startswith(start) and "|" not in line]
                self.cluster.kubectl(*shlex.split(line)[1:], cwd=root)
            self.assertEqual({"shop"}, {name.split()[1] for name in self.cluster.objects(NAMESPACES)})
            self.cluster.kubectl("delete", "-k", "my", cwd=root)
            self.cluster.kubectl("delete", "secret", "buntime-exporter", "--namespace=shop")

    def test_the_sidecar_gets_into_a_release(self):
        objects = manifests.of_kind(manifests.charts()["0.5.4"], "StatefulSet", "ConfigMap")
        apply_objects(self.cluster, *[{**item, "metadata": {**item["metadata"], "namespace": "shop"}} for item in objects])
        (line,) = [line for line in readme_test.commands() if " patch statefulset " in line]
        arguments = shlex.split(line)[1:-1]
        self.cluster.kubectl(*arguments, (manifests.K8S / "sidecar/patch.yaml").read_text())
        workload = json.loads(self.cluster.kubectl("get", "statefulset", "shop-buntime", "--namespace=shop",
                                                   "--output=json").stdout)
        names = {container["name"] for container in workload["spec"]["template"]["spec"]["containers"]}
        self.assertEqual({"buntime", "buntime-exporter"}, names)
        for item in objects:
            self.cluster.kubectl("delete", item["kind"].lower(), item["metadata"]["name"], "--namespace=shop")

    def test_a_namespace_that_denies_is_opened(self):
        path = str(manifests.K8S / "default-deny/allow-exporter.yaml")
        for verb in ("apply", "apply", "delete"):
            self.cluster.kubectl(verb, *(["--server-side"] if verb == "apply" else []), "--namespace=shop", f"--filename={path}")


class ChartTest(ClusterTest):
    def test_a_release_s_life(self):
        for overlay, (namespace, values) in chart.VALUES.items():
            with self.subTest(overlay):
                where = ["--namespace", namespace]
                self.cluster.helm("install", "buntime-exporter", str(chart.CHART), *where, *chart.options(values))
                first = self.cluster.objects(NAMESPACES)
                expected = {f"{item['kind']} {namespace} {item['metadata']['name']}"
                            for item in manifests.render(overlay)}
                self.assertEqual(expected, set(first))
                self.cluster.helm("upgrade", "buntime-exporter", str(chart.CHART), *where, *chart.options(values))
                second = self.cluster.objects(NAMESPACES)
                self.assertEqual([], [name for name in first if first[name] != second[name]], "the upgrade changed something")
                self.cluster.helm("uninstall", "buntime-exporter", *where)
                self.assertEqual({}, self.cluster.objects(NAMESPACES))


if __name__ == "__main__":
    unittest.main()
