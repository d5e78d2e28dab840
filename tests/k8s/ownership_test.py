"""No two overlays that a user may apply together own one object: the second would overwrite the first, silently."""
import itertools
import unittest

import manifests

# Ways to bring an exporter. A namespace takes one of them; each contains all that it needs, `rules` included.
WAYS = [*manifests.WITH_EXPORTER, "sidecar"]
# Where an overlay may be applied that names no namespace: to the runtime's, or to the one where Grafana, the operator
# and the fleet's exporter are.
NAMESPACES = ["shop", "monitoring"]


def owned(overlay: str, namespace: str) -> dict[tuple, dict]:
    """The objects of an overlay that is applied to a namespace, by what the API server tells them apart by."""
    objects = [{**item, "metadata": {"namespace": namespace, **item["metadata"]}} for item in manifests.render(overlay)]
    return {(item["apiVersion"].rpartition("/")[0], item["kind"], item["metadata"]["namespace"],
             item["metadata"]["name"]): item for item in objects}


def same_namespace(first: dict[tuple, dict], second: dict[tuple, dict]) -> bool:
    return bool({key[2] for key in first} & {key[2] for key in second})


def alternatives(one: str, other: str) -> bool:
    """Whether k8s/README.md tells the user to choose between the two in one namespace."""
    return one in WAYS and other in WAYS


class OwnershipTest(unittest.TestCase):
    def test_no_two_overlays_own_one_object(self):
        for one, other in itertools.combinations(manifests.OVERLAYS, 2):
            for here, there in itertools.product(NAMESPACES, repeat=2):
                first, second = owned(one, here), owned(other, there)
                common = sorted(set(first) & set(second))
                with self.subTest(f"{one} in {here}, {other} in {there}"):
                    if "rules" in (one, other):
                        # Part of most ways: the same objects, so that applying both changes nothing.
                        self.assertEqual([first[key] for key in common], [second[key] for key in common])
                    elif not alternatives(one, other) or not same_namespace(first, second):
                        self.assertEqual([], common)

    def test_the_ways_are_what_the_readme_lets_choose(self):
        # Every other overlay may be added to any of them.
        self.assertEqual({"grafana", "prometheus-rbac", "rules"}, set(manifests.OVERLAYS) - set(WAYS))
        self.assertIn("one row for each namespace", (manifests.K8S / "README.md").read_text())


if __name__ == "__main__":
    unittest.main()
