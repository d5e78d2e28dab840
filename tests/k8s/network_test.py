"""Who may talk to whom: the truth table of the network policies, over the pods of both of Buntime's charts."""
import unittest

import manifests
import networkpolicy
import yaml
from manifests import only, pod_labels, render
from networkpolicy import Pod, names_of

EXPORTER_PORT, RUNTIME_PORT = 10077, 8000


def pods_of_buntime() -> dict[str, Pod]:
    """Runtimes and other pods of the charts, in the namespace shop."""
    return {f"{workload['metadata']['name']} {version}": Pod(pod_labels(workload), names_of("shop"))
            for version, objects in manifests.charts().items() for workload in manifests.workloads(objects)}


class Cluster:
    """The policy of an overlay and the pods around it. Where an overlay leaves the namespace open, it is Buntime's."""

    def __init__(self, overlay: str):
        objects = render(overlay)
        deployment = only(objects, "Deployment")
        namespace = deployment["metadata"].get("namespace", "shop")
        policy = only(objects, "NetworkPolicy")
        self.policies = [policy | {"metadata": policy["metadata"] | {"namespace": namespace}}]
        container = manifests.container(deployment["spec"]["template"]["spec"])
        self.exporter = Pod(pod_labels(deployment), names_of(namespace),
                            {port["name"]: port["containerPort"] for port in container["ports"]})


PROMETHEUS = Pod({"app.kubernetes.io/name": "prometheus"}, names_of("monitoring"))
STRANGER = Pod({"app": "shop"}, names_of("shop"))
OUTSIDE = Pod({}, None)
DNS = Pod({"k8s-app": "kube-dns"}, names_of("kube-system"))
# A cache of DNS answers listens at an address of the node, which is no pod.
NODE = Pod({}, None)


class TruthTableTest(unittest.TestCase):
    def check(self, direction, overlay, expected, peer, port, protocol="TCP", what=""):
        cluster = Cluster(overlay)
        allowed = getattr(networkpolicy, direction)
        ends = (peer, cluster.exporter) if direction == "ingress" else (cluster.exporter, peer)
        with self.subTest(f"{overlay}: {direction} {what or peer.labels} port {port}/{protocol}"):
            self.assertEqual(expected, allowed(cluster.policies, *ends, port, protocol))

    def test_ingress(self):
        for overlay in manifests.WITH_EXPORTER:
            self.check("ingress", overlay, True, PROMETHEUS, EXPORTER_PORT)
            self.check("ingress", overlay, False, PROMETHEUS, 22)
            self.check("ingress", overlay, False, PROMETHEUS, EXPORTER_PORT, "UDP")
            self.check("ingress", overlay, False, STRANGER, EXPORTER_PORT)
            self.check("ingress", overlay, False, OUTSIDE, EXPORTER_PORT, what="outside")
            impostor = Pod(PROMETHEUS.labels, names_of("shop", name="monitoring"))
            self.check("ingress", overlay, False, impostor, EXPORTER_PORT, what="a namespace that calls itself monitoring")
            for name, pod in pods_of_buntime().items():
                self.check("ingress", overlay, False, pod, EXPORTER_PORT, what=name)

    def test_egress(self):
        for overlay in manifests.WITH_EXPORTER:
            for name, pod in pods_of_buntime().items():
                runtime = "turso" not in name
                self.check("egress", overlay, runtime, pod, RUNTIME_PORT, what=name)
                for port in (8080, 8081, 443):
                    self.check("egress", overlay, False, pod, port, what=name)
            for where, pod in (("a pod", DNS), ("the node", NODE)):
                self.check("egress", overlay, True, pod, 53, "UDP", what=f"DNS at {where}")
                self.check("egress", overlay, True, pod, 53, "TCP", what=f"DNS at {where}")
            self.check("egress", overlay, False, OUTSIDE, 443, what="outside")
            self.check("egress", overlay, False, OUTSIDE, 80, what="addresses of the cloud's metadata")
            self.check("egress", overlay, False, STRANGER, RUNTIME_PORT, what="another app")
            self.check("egress", overlay, False, PROMETHEUS, 9090)

    def test_buntimes_own_traffic_stays_as_it_was(self):
        for overlay in manifests.WITH_EXPORTER:
            policies = Cluster(overlay).policies
            for name, pod in pods_of_buntime().items():
                with self.subTest(f"{overlay}: {name}"):
                    self.assertTrue(networkpolicy.ingress(policies, OUTSIDE, pod, RUNTIME_PORT))
                    self.assertTrue(networkpolicy.egress(policies, pod, OUTSIDE, 443))


class DefaultDenyTest(unittest.TestCase):
    """allow-exporter.yaml, for a namespace that lets nothing in: opens Buntime to the exporter and to nobody else."""

    def setUp(self):
        policy = yaml.safe_load((manifests.K8S / "default-deny" / "allow-exporter.yaml").read_text())
        deny = {"metadata": {"name": "default-deny", "namespace": "shop"},
                "spec": {"podSelector": {}, "policyTypes": ["Ingress"]}}
        self.policies = [deny, policy | {"metadata": policy["metadata"] | {"namespace": "shop"}}]

    def test_no_kustomization_contains_it(self):
        # Where nothing was denied before, it would cut Buntime off from everybody else.
        for overlay in manifests.OVERLAYS:
            names = [item["metadata"]["name"] for item in manifests.of_kind(render(overlay), "NetworkPolicy")]
            self.assertLessEqual(set(names), {"buntime-exporter"})

    def test_the_exporter_and_nobody_else_comes_in(self):
        exporters = [Cluster(overlay).exporter for overlay in manifests.WITH_EXPORTER]
        for name, pod in pods_of_buntime().items():
            runtime = "turso" not in name
            for exporter in exporters:
                with self.subTest(f"{exporter.namespace} to {name}"):
                    self.assertEqual(runtime, networkpolicy.ingress(self.policies, exporter, pod, RUNTIME_PORT))
                    self.assertFalse(networkpolicy.ingress(self.policies, exporter, pod, 8080))
            self.assertFalse(networkpolicy.ingress(self.policies, STRANGER, pod, RUNTIME_PORT))
            self.assertFalse(networkpolicy.ingress(self.policies, PROMETHEUS, pod, RUNTIME_PORT))


if __name__ == "__main__":
    unittest.main()
