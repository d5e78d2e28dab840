"""The README's steps work, as far as no cluster is needed: its files render, its commands are ones that kubectl knows."""
import pathlib
import re
import shlex
import shutil
import subprocess
import tempfile
import unittest

import manifests
import yaml
from manifests import only

README = (manifests.K8S / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return [re.sub("(?m)^  ", "", text) if indent else text
            for indent, text in re.findall(rf"^( *)```{language}\n(.*?)^ *```", README, re.S | re.M)]


def commands() -> list[str]:
    return [line for block in blocks("sh") for line in block.replace("\\\n", "").splitlines()]


def arguments(start: str) -> list[str]:
    """The command that starts so, for this kubectl."""
    (line,) = [line for line in commands() if line.startswith(start)]
    return [manifests.KUBECTL, *shlex.split(line)[1:]]


class FolderTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.my = pathlib.Path(folder.name) / "my"
        self.my.mkdir()
        shutil.copytree(manifests.K8S, self.my.parent / "k8s")
        for block in blocks("yaml"):
            name = re.match(r"# my/([\w.]+)", block)[1]
            (self.my / name).write_text(block)

    def render(self) -> list[dict]:
        result = manifests.kustomize(self.my)
        self.assertEqual(0, result.returncode, result.stderr)
        return manifests.documents(result.stdout)

    def test_it_renders_for_the_release_of_the_example(self):
        objects = self.render()
        self.assertEqual({"shop"}, {item["metadata"]["namespace"] for item in objects})
        container = manifests.container(only(objects, "Deployment")["spec"]["template"]["spec"])
        self.assertEqual(f"registry.example.com/buntime-exporter:{manifests.VERSION}", container["image"])
        url, size, _ = container["env"]
        self.assertEqual("http://shop-buntime:8000", url["value"])
        self.assertEqual({"name": "shop-buntime", "key": "RUNTIME_POOL_SIZE", "optional": True},
                         size["valueFrom"]["configMapKeyRef"])
        self.assertEqual("http://shop-buntime:8000", url["value"], "the Service of the chart")
        self.assertIn("shop-buntime", [item["metadata"]["name"] for item in manifests.of_kind(
            manifests.charts()["0.5.4"], "Service")])

    def test_it_renders_for_every_other_choice(self):
        kustomization = yaml.safe_load((self.my / "kustomization.yaml").read_text())
        for overlay in manifests.WITH_EXPORTER:
            fleet = overlay.startswith("fleet")
            left_out = {"patches", "namespace"} if fleet else set()
            mine = {key: value for key, value in kustomization.items() if key not in left_out}
            (self.my / "kustomization.yaml").write_text(yaml.safe_dump(mine | {"resources": [f"../k8s/{overlay}"]}))
            with self.subTest(overlay):
                objects = self.render()
                self.assertEqual({"monitoring" if fleet else "shop"}, {item["metadata"]["namespace"] for item in objects})
                container = manifests.container(only(objects, "Deployment")["spec"]["template"]["spec"])
                self.assertTrue(container["image"].startswith("registry.example.com/"))

    def test_a_fleet_in_another_namespace_leaves_nothing_of_the_old_one(self):
        (self.my / "fleet.yaml").rename(self.my / "kustomization.yaml")
        result = manifests.kustomize(self.my)
        self.assertEqual((0, ""), (result.returncode, result.stderr))
        text = result.stdout.replace("monitoring.coreos.com", "")
        self.assertNotRegex(text, r"(?<!-)\bmonitoring\b")
        objects = manifests.documents(result.stdout)
        self.assertEqual({"observability"}, {item["metadata"]["namespace"] for item in objects})
        endpoint = only(objects, "PodMonitor", "buntime")["spec"]["podMetricsEndpoints"][0]
        self.assertIn({"targetLabel": "__address__", "replacement": "buntime-exporter.observability.svc:10077"},
                      endpoint["relabelings"])
        (rule,) = only(objects, "NetworkPolicy")["spec"]["ingress"]
        self.assertEqual({"kubernetes.io/metadata.name": "observability"},
                         rule["from"][0]["namespaceSelector"]["matchLabels"])

    def test_another_label_for_the_operator(self):
        (line,) = [line for line in commands() if "| sed " in line]
        substitute = shlex.split(line.split("|")[1])
        text = manifests.kustomize(self.my).stdout
        changed = subprocess.run(substitute, input=text, capture_output=True, text=True, check=True).stdout
        for item in manifests.of_kind(manifests.documents(changed), "PodMonitor", "PrometheusRule"):
            self.assertEqual("mine", item["metadata"]["labels"]["release"])


class CommandTest(unittest.TestCase):
    def test_the_secret_is_the_one_that_the_pods_mount(self):
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / "key.txt").write_text("a key\n")
            result = subprocess.run([*arguments("kubectl create secret"), "--dry-run=client", "--output=yaml"], cwd=folder,
                                    capture_output=True, text=True)
        self.assertEqual(0, result.returncode, result.stderr)
        secret = yaml.safe_load(result.stdout)
        spec = only(manifests.render("base"), "Deployment")["spec"]["template"]["spec"]
        mounted = next(volume["secret"]["secretName"] for volume in spec["volumes"] if "secret" in volume)
        self.assertEqual(mounted, secret["metadata"]["name"])
        (path,) = [item["value"] for item in manifests.container(spec)["env"] if item["name"].endswith("_API_KEY_FILE")]
        self.assertIn(pathlib.Path(path).name, secret["data"])

    def test_the_patch_is_one_that_kubectl_applies(self):
        # Of the README's command, what does not ask a cluster.
        (line,) = [line for line in commands() if " patch statefulset " in line]
        self.assertTrue(line.endswith('--patch "$(cat k8s/sidecar/patch.yaml)"'), line)
        patch = (manifests.K8S / "sidecar" / "patch.yaml").read_text()
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "workload.yaml"
            path.write_text(yaml.safe_dump(only(manifests.charts()["0.5.4"], "StatefulSet", "shop-buntime")))
            result = subprocess.run([manifests.KUBECTL, "patch", "--local", "--filename", path, "--patch", patch,
                                     "--output=yaml"], capture_output=True, text=True)
        self.assertEqual(0, result.returncode, result.stderr)
        spec = yaml.safe_load(result.stdout)["spec"]["template"]["spec"]
        self.assertEqual({"buntime", "buntime-exporter"}, {container["name"] for container in spec["containers"]})

    def test_everything_it_names_exists(self):
        for path in re.findall(r"-k (k8s/\S+)|(k8s/sidecar/\S+\.\w+)", "\n".join(commands())):
            name = "".join(path).rstrip(')"')
            with self.subTest(name):
                self.assertTrue((manifests.ROOT / name).exists())
        for name in re.findall(r"`([\w./-]+\.(?:yaml|yml|py))`", README):
            with self.subTest(name):
                places = [manifests.K8S / name, manifests.ROOT / name]
                self.assertTrue(name.startswith("runtime") or any(place.exists() for place in places))

    def test_the_choice_names_every_overlay(self):
        table = README.split("\n## ")[0]
        for overlay in set(manifests.OVERLAYS) - {"rules", "grafana"}:
            with self.subTest(overlay):
                self.assertIn(f"`{overlay}`", table)
        rows = [line for line in table.splitlines() if line.startswith("|")]
        self.assertEqual(5, len(rows) - 2, "five lines, a head and a rule")

    def test_versions(self):
        self.assertEqual({manifests.VERSION}, set(re.findall(r"buntime-exporter:(\S+)", README)))


if __name__ == "__main__":
    unittest.main()
