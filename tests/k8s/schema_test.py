"""Every object that the kustomizations render is one that Kubernetes, or Prometheus Operator, knows: asked of their
published schemas, without a cluster."""
import copy
import json
import subprocess
import unittest

import manifests

NPM = manifests.ROOT / "tests" / "npm"
CHECKER = manifests.ROOT / "tests" / "k8s" / "schema.cjs"


def complaints(objects: list[dict]) -> list[list[str]]:
    """What is wrong with each of the objects."""
    result = subprocess.run(["node", CHECKER, NPM], input=json.dumps(objects), capture_output=True, text=True)
    assert result.returncode == 0, f"the checker failed (tests/npm/install.sh gets what it needs): {result.stderr[-2000:]}"
    return json.loads(result.stdout)


def as_of_old(item: dict) -> dict:
    """A PrometheusRule without `keep_firing_for`, which Prometheus Operator 0.66 brought and these schemas do not have."""
    item = copy.deepcopy(item)
    for group in item["spec"].get("groups", []) if item["kind"] == "PrometheusRule" else []:
        for rule in group["rules"]:
            rule.pop("keep_firing_for", None)
    return item


def damaged(item: dict, damage) -> dict:
    item = copy.deepcopy(item)
    damage(item)
    return item


def container(item: dict) -> dict:
    return item["spec"]["template"]["spec"]["containers"][0]


def endpoint(item: dict) -> dict:
    return item["spec"]["podMetricsEndpoints"][0]


class SchemaTest(unittest.TestCase):
    def test_objects_and_damaged_objects(self):
        # All in one run: reading the schemas takes longer than checking.
        good = manifests.own_objects()
        policy_file = manifests.K8S / "default-deny" / "allow-exporter.yaml"
        good += [(policy_file.name, item) for item in manifests.documents(policy_file.read_text())]
        fleet = manifests.render("fleet")
        deployment, monitor = manifests.only(fleet, "Deployment"), manifests.only(fleet, "PodMonitor", "buntime")
        policy, rule = manifests.only(fleet, "NetworkPolicy"), manifests.of_kind(fleet, "PrometheusRule")[0]
        bad = [
            ("an unknown field of a container", damaged(deployment, lambda d: container(d).update(readonly=True))),
            ("a port that is text", damaged(deployment, lambda d: container(d)["ports"][0].update(containerPort="10077"))),
            ("no selector", damaged(deployment, lambda d: d["spec"].pop("selector"))),
            ("a misspelt security context", damaged(deployment, lambda d: container(d)["securityContext"].update(
                readOnlyRootFileSystem=True))),
            ("an unknown type of policy", damaged(policy, lambda p: p["spec"].update(policyTypes="Egress"))),
            ("an interval without unit", damaged(monitor, lambda m: endpoint(m).update(interval="15"))),
            ("an unknown action", damaged(monitor, lambda m: endpoint(m)["relabelings"][0].update(action="set"))),
            ("relabel_configs in the words of Prometheus", damaged(monitor, lambda m: endpoint(m)["relabelings"].append(
                {"source_labels": ["a"]}))),
            ("a rule without expression", damaged(rule, lambda r: r["spec"]["groups"][0]["rules"][0].pop("expr"))),
        ]
        found = complaints([as_of_old(item) for _, item in good + bad])
        for (what, _), said in zip(good, found):
            with self.subTest(what):
                self.assertEqual([], said)
        for (what, _), said in zip(bad, found[len(good):]):
            with self.subTest(what):
                self.assertNotEqual([], said, "the schema does not notice it")


if __name__ == "__main__":
    unittest.main()
