"""The sidecar gets into the runtimes of both charts, changes nothing else, and says what is wrong when it cannot."""
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

import manifests
import yaml
from manifests import only

SCRIPT = manifests.K8S / "sidecar" / "post-render.sh"
WORKLOADS = {"0.2.26": "Deployment/buntime", "0.5.4": "StatefulSet/shop-buntime"}


def post_render(text: str, *arguments: str) -> subprocess.CompletedProcess:
    folder = str(pathlib.Path(manifests.KUBECTL).parent)
    path = os.environ["PATH"] if folder == "." else f"{folder}:{os.environ['PATH']}"
    return subprocess.run([SCRIPT, *arguments], input=text, capture_output=True, text=True, env={**os.environ, "PATH": path})


def chart(version: str) -> str:
    return (manifests.CHARTS / f"{version}.yaml").read_text()


class HelmTest(unittest.TestCase):
    """Helm 4 runs the script as a plugin, as the README says."""

    def helm(self, *arguments: str) -> str:
        places = {f"HELM_{name}_HOME": f"{self.folder}/{name}" for name in ("DATA", "CONFIG", "CACHE")}
        path = f"{pathlib.Path(manifests.KUBECTL).parent}:{os.environ['PATH']}"
        done = subprocess.run([manifests.HELM, *arguments], cwd=manifests.ROOT, capture_output=True, text=True,
                              env={**os.environ, **places, "PATH": path})
        self.assertEqual(0, done.returncode, done.stderr)
        return done.stdout

    def test_the_plugin_patches_what_a_chart_renders(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        runtime = pathlib.Path(self.folder) / "runtime"
        (runtime / "templates").mkdir(parents=True)
        (runtime / "Chart.yaml").write_text("apiVersion: v2\nname: buntime\nversion: 0.5.4\n")
        (runtime / "templates" / "all.yaml").write_text(chart("0.5.4"))
        readme = (manifests.K8S / "README.md").read_text().replace("\\\n", "")
        (install,) = re.findall(r"^helm (plugin install \S+)$", readme, re.M)
        (options,) = re.findall(r"^helm upgrade \S+ CHART --namespace shop +(--post-renderer buntime-exporter-sidecar .*)$",
                                readme, re.M)
        self.helm(*install.split())
        objects = manifests.documents(self.helm("template", "shop-buntime", str(runtime), *options.split()))
        spec = only(objects, "StatefulSet", "shop-buntime")["spec"]["template"]["spec"]
        self.assertEqual("registry.example.com/buntime-exporter:0.1.0", manifests.container(spec)["image"])
        self.assertEqual(len(manifests.charts()["0.5.4"]), len(objects))

    def test_the_plugin_is_of_this_version(self):
        plugin = yaml.safe_load((manifests.K8S / "sidecar" / "plugin.yaml").read_text())
        self.assertEqual(manifests.VERSION, plugin["version"])


class SidecarTest(unittest.TestCase):
    def rendered(self, version: str) -> list[dict]:
        result = post_render(chart(version), WORKLOADS[version])
        self.assertEqual(0, result.returncode, result.stderr)
        return manifests.documents(result.stdout)

    def workload(self, version: str) -> dict:
        return only(self.rendered(version), *WORKLOADS[version].split("/"))

    def test_the_exporter_is_beside_the_runtime(self):
        for version, workload in WORKLOADS.items():
            with self.subTest(version):
                template = self.workload(version)["spec"]["template"]
                containers = {item["name"]: item for item in template["spec"]["containers"]}
                self.assertEqual({"buntime", "buntime-exporter"}, set(containers))
                size = containers["buntime-exporter"]["env"][0]["valueFrom"]["configMapKeyRef"]["name"]
                self.assertEqual(workload.split("/")[1], size, "the ConfigMap of the release")
                self.assertIn(size, [item["metadata"]["name"] for item in manifests.of_kind(
                    manifests.charts()[version], "ConfigMap")])
                # The first container would be the exporter, and `kubectl exec` would go there.
                self.assertEqual({"kubectl.kubernetes.io/default-container": "buntime"}, template["metadata"]["annotations"])

    def test_everything_else_stays_as_it_was(self):
        for version, workload in WORKLOADS.items():
            with self.subTest(version):
                before = manifests.charts()[version]
                after = self.rendered(version)
                self.assertEqual(len(before), len(after))
                for item in before:
                    name = f"{item['kind']}/{item['metadata']['name']}"
                    twin = only(after, *name.split("/"))
                    if name != workload:
                        self.assertEqual(item, twin)
                        continue
                    spec = twin["spec"]["template"]["spec"]
                    self.assertIn(item["spec"]["template"]["spec"]["containers"][0], spec["containers"])
                    self.assertEqual(item["spec"]["selector"], twin["spec"]["selector"])
                    self.assertEqual(manifests.pod_labels(item), manifests.pod_labels(twin))
                    self.assertNotIn("securityContext", spec)

    def test_the_services_still_reach_the_runtime_only(self):
        # They name the port by its name, which must not be the exporter's.
        for version in WORKLOADS:
            ports = {port["name"] for container in self.workload(version)["spec"]["template"]["spec"]["containers"]
                     if container["name"] == "buntime-exporter" for port in container["ports"]}
            targets = {port["targetPort"] for item in manifests.of_kind(manifests.charts()[version], "Service")
                       for port in item["spec"]["ports"]}
            self.assertEqual(set(), ports & targets)

    def test_a_missing_workload_is_an_error(self):
        result = post_render(chart("0.5.4"), "StatefulSet/other")
        self.assertNotEqual(0, result.returncode)
        self.assertRegex(result.stderr, "StatefulSet.*other")
        self.assertEqual("", result.stdout, "Helm would install nothing")

    def test_the_default_is_the_newest_chart_under_its_own_name(self):
        result = post_render(re.sub(r"shop-buntime\b", "buntime", chart("0.5.4")))
        self.assertEqual(0, result.returncode, result.stderr)
        self.assertIn("buntime-exporter", result.stdout)

    def test_the_image_can_be_named(self):
        result = post_render(chart("0.5.4"), "StatefulSet/shop-buntime", "registry.example.com:5000/a/exporter@sha256:0a1b")
        workload = only(manifests.documents(result.stdout), "StatefulSet", "shop-buntime")
        spec = workload["spec"]["template"]["spec"]
        self.assertEqual("registry.example.com:5000/a/exporter@sha256:0a1b", manifests.container(spec)["image"])
        before = manifests.only(manifests.charts()["0.5.4"], "StatefulSet", "shop-buntime")["spec"]["template"]["spec"]
        self.assertEqual(before["containers"][0]["image"], manifests.container(spec, "buntime")["image"])
        self.assertEqual(2, post_render(chart("0.5.4"), "StatefulSet/shop-buntime", "a b").returncode)

    def test_nonsense_is_refused(self):
        for argument in ("buntime", "DaemonSet/buntime", "StatefulSet/", "StatefulSet/a b", "StatefulSet/a|b", "StatefulSet/-a"):
            with self.subTest(argument):
                result = post_render(chart("0.5.4"), argument)
                self.assertEqual(2, result.returncode)
                self.assertEqual(1, len(result.stderr.splitlines()))
                self.assertIn("StatefulSet/NAME", result.stderr)

    def test_the_patch_alone_is_one_for_kubectl_patch(self):
        # It names no kind, so that it fits both, and only adds: lists of containers and volumes are merged by name.
        patch = yaml.safe_load((manifests.K8S / "sidecar" / "patch.yaml").read_text())
        self.assertEqual({"spec"}, set(patch))
        self.assertNotIn("$patch", str(patch))


if __name__ == "__main__":
    unittest.main()
