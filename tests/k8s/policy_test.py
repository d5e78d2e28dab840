"""What the pods may and may not be: the restricted Pod Security standard field by field, secrets, probes, resources, the
image."""
import re
import unittest

import manifests
from manifests import only, own_objects, render

RESTRICTED_VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected",
                      "secret"}


def pod_specs() -> list[tuple[str, dict]]:
    return [(overlay, only(render(overlay), "Deployment")["spec"]["template"]["spec"])
            for overlay in manifests.WITH_EXPORTER]


def exporters() -> list[tuple[str, dict]]:
    """Every container of ours, wherever it runs."""
    sidecar = manifests.sidecar_patch()["spec"]["template"]["spec"]
    return [(where, manifests.container(spec)) for where, spec in [*pod_specs(), ("sidecar", sidecar)]]


class PodSecurityTest(unittest.TestCase):
    """The standard `restricted`, all fields explicit: nothing rests on a default of the cluster."""

    def test_pods(self):
        for where, spec in pod_specs():
            with self.subTest(where):
                self.assertEqual({"runAsNonRoot": True, "runAsUser": 65532, "runAsGroup": 65532, "fsGroup": 65532,
                                  "seccompProfile": {"type": "RuntimeDefault"}}, spec["securityContext"])
                self.assertIs(False, spec["automountServiceAccountToken"])
                self.assertEqual(set(), {"hostNetwork", "hostPID", "hostIPC", "hostUsers"} & set(spec))
                for volume in spec["volumes"]:
                    self.assertLessEqual(set(volume) - {"name"}, RESTRICTED_VOLUMES)

    def test_containers(self):
        for where, container in exporters():
            with self.subTest(where):
                context = container["securityContext"]
                self.assertIs(True, context["runAsNonRoot"])
                self.assertIs(False, context["allowPrivilegeEscalation"])
                self.assertIs(False, context["privileged"])
                self.assertIs(True, context["readOnlyRootFilesystem"])
                self.assertEqual({"drop": ["ALL"]}, context["capabilities"])
                self.assertNotIn("procMount", context)
                for port in container["ports"]:
                    self.assertNotIn("hostPort", port)

    def test_the_sidecar_needs_nothing_of_its_pod(self):
        spec = manifests.sidecar_patch()["spec"]["template"]["spec"]
        # A group for the volumes would change the owner of all files of the apps.
        self.assertEqual({"containers", "volumes"}, set(spec))
        context = manifests.container(spec)["securityContext"]
        self.assertEqual((65532, 65532), (context["runAsUser"], context["runAsGroup"]))
        self.assertEqual({"type": "RuntimeDefault"}, context["seccompProfile"])

    def test_the_identity_has_no_rights(self):
        for overlay in manifests.WITH_EXPORTER:
            with self.subTest(overlay):
                objects = render(overlay)
                account = only(objects, "ServiceAccount")
                self.assertIs(False, account["automountServiceAccountToken"])
                spec = only(objects, "Deployment")["spec"]["template"]["spec"]
                self.assertEqual(account["metadata"]["name"], spec["serviceAccountName"])
                self.assertEqual([], manifests.of_kind(objects, "Role", "ClusterRole", "RoleBinding",
                                                       "ClusterRoleBinding"))


class SecretTest(unittest.TestCase):
    def test_the_key_is_a_file_that_only_the_exporter_reads(self):
        for where, spec in pod_specs():
            with self.subTest(where):
                secret = next(volume["secret"] for volume in spec["volumes"] if "secret" in volume)
                # Of mode 0400, which the group of the pod makes 0440: readable for the exporter, for nobody else.
                self.assertEqual({"secretName": "buntime-exporter", "defaultMode": 0o400, "optional": True}, secret)

    def test_the_sidecar_can_read_the_key_without_the_group_of_the_pod(self):
        spec = manifests.sidecar_patch()["spec"]["template"]["spec"]
        self.assertEqual(0o444, spec["volumes"][0]["secret"]["defaultMode"])

    def test_mounts_follow_changes_and_cannot_be_written(self):
        for where, container in exporters():
            with self.subTest(where):
                for mount in container["volumeMounts"]:
                    self.assertIs(True, mount["readOnly"])
                    self.assertNotIn("subPath", mount)

    def test_no_secret_is_in_an_object_or_a_variable(self):
        for where, item in own_objects():
            self.assertNotEqual("Secret", item["kind"], where)
        for where, container in exporters():
            with self.subTest(where):
                self.assertNotIn("secretKeyRef", str(container.get("env", [])))
                self.assertNotIn("RUNTIME_ROOT_KEY", str(container))


class ContainerTest(unittest.TestCase):
    def test_images_are_of_this_version(self):
        for where, container in exporters():
            with self.subTest(where):
                self.assertEqual(f"buntime-exporter:{manifests.VERSION}", container["image"])

    def test_the_image_is_made_for_it(self):
        text = (manifests.ROOT / "deploy" / "Dockerfile").read_text()
        uid, gid = re.search(r"^USER (\d+):(\d+)$", text, re.M).groups()
        for where, spec in pod_specs():
            with self.subTest(where):
                context = spec["securityContext"]
                self.assertEqual((uid, gid), (str(context["runAsUser"]), str(context["runAsGroup"])))
        for where, container in exporters():
            with self.subTest(where):
                self.assertNotIn("command", container, "the image knows its program")
                self.assertIn(f"EXPOSE {container['ports'][0]['containerPort']}\n", text)
        # The last stage is the one that is built.
        self.assertRegex(text, r'ENTRYPOINT \["[\w/]*/buntime-exporter"\]\s*\Z')

    def test_probes_never_ask_the_runtime(self):
        for where, container in exporters():
            with self.subTest(where):
                self.assertEqual({"path": "/-/healthy", "port": "metrics"}, container["livenessProbe"]["httpGet"])
                ready = container.get("readinessProbe", {}).get("httpGet")
                # A sidecar that is not ready would take the runtime beside it out of service.
                self.assertEqual(None if where == "sidecar" else {"path": "/-/ready", "port": "metrics"}, ready)
                self.assertNotIn("startupProbe", container)

    def test_resources(self):
        for where, container in exporters():
            with self.subTest(where):
                self.assertEqual({"cpu", "memory"}, set(container["resources"]["requests"]))
                self.assertEqual({"memory"}, set(container["resources"]["limits"]), "a limit of cpu delays scrapes")

    def test_the_service_leads_to_the_port_of_the_container(self):
        for overlay in manifests.WITH_EXPORTER:
            with self.subTest(overlay):
                objects = render(overlay)
                (port,) = only(objects, "Service")["spec"]["ports"]
                (target,) = manifests.container(only(objects, "Deployment")["spec"]["template"]["spec"])["ports"]
                self.assertEqual((target["name"], target["containerPort"]), (port["targetPort"], port["port"]))

    def test_ports_have_names(self):
        for where, container in exporters():
            with self.subTest(where):
                self.assertEqual([{"name": "metrics", "containerPort": 10077, "protocol": "TCP"}], container["ports"])


class DeploymentTest(unittest.TestCase):
    def test_one_replica_without_a_gap(self):
        for overlay in manifests.WITH_EXPORTER:
            with self.subTest(overlay):
                objects = render(overlay)
                spec = only(objects, "Deployment")["spec"]
                self.assertEqual(1, spec["replicas"])
                self.assertEqual({"maxSurge": 1, "maxUnavailable": 0}, spec["strategy"]["rollingUpdate"])
                pod = spec["template"]["spec"]
                self.assertEqual(10, pod["terminationGracePeriodSeconds"])
                # The Service would be described in variables that begin with BUNTIME_EXPORTER_.
                self.assertIs(False, pod["enableServiceLinks"])
                self.assertEqual([], manifests.of_kind(objects, "PodDisruptionBudget"), "one replica could never be evicted")

    def test_the_size_of_the_pool_comes_from_buntimes_own_configuration(self):
        containers = {where: container for where, container in exporters() if where in ("base", "annotations", "sidecar")}
        for where, container in containers.items():
            with self.subTest(where):
                size = next(item for item in container["env"] if item["name"] == "BUNTIME_EXPORTER_RUNTIME_POOL_SIZE")
                reference = size["valueFrom"]["configMapKeyRef"]
                config = only(manifests.charts()["0.2.26"], "ConfigMap")
                self.assertEqual(config["metadata"]["name"], reference["name"])
                self.assertIn(reference["key"], config["data"])
                self.assertIs(True, reference["optional"], "the documented runtime tells its size itself")


if __name__ == "__main__":
    unittest.main()
