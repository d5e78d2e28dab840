"""A Kubernetes API server on loopback, with etcd behind it and no node: objects are validated, defaulted, merged and stored as
in a cluster, and no pod ever starts. KUBE_APISERVER names the program that apiserver.sh builds.
"""
import json
import os
import pathlib
import socket
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / folder) for folder in ("e2e", "k8s")]
import manifests  # noqa: E402  (the path above comes first)
from support import Process, binary, eventually  # noqa: E402

TOKEN = "a-token-of-this-test"


def free_ports(number: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


class Cluster:
    def __init__(self, folder: str) -> None:
        self.folder = pathlib.Path(folder)
        client, peer, self.port = free_ports(3)
        etcd = f"http://127.0.0.1:{client}"
        peers = f"http://127.0.0.1:{peer}"
        self._etcd = Process(["etcd", "--data-dir", f"{folder}/etcd", "--listen-client-urls", etcd, "--advertise-client-urls",
                              etcd, "--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers,
                              "--initial-cluster", f"default={peers}"], folder)
        key = self.folder / "service-account.key"
        subprocess.run(["openssl", "genrsa", "-out", str(key), "2048"], check=True, capture_output=True)
        (self.folder / "tokens.csv").write_text(f'{TOKEN},admin,admin,"system:masters"\n')
        self._server = Process([
            binary("KUBE_APISERVER"), f"--etcd-servers={etcd}", f"--secure-port={self.port}", "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1", "--endpoint-reconciler-type=none", f"--cert-dir={folder}/certs",
            f"--token-auth-file={folder}/tokens.csv", "--authorization-mode=RBAC", "--service-cluster-ip-range=10.0.0.0/24",
            "--service-account-issuer=https://test.invalid", f"--service-account-key-file={key}",
            f"--service-account-signing-key-file={key}", "--allow-privileged=true",
            # Without a controller there are no tokens that the former plugin could mount.
            "--disable-admission-plugins=ServiceAccount", "--enable-admission-plugins=PodSecurityPolicy"], folder)
        self._config = self.folder / "kubeconfig"
        self._config.write_text(json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "test",
            "clusters": [{"name": "test", "cluster": {"server": f"https://127.0.0.1:{self.port}",
                                                      "insecure-skip-tls-verify": True}}],
            "users": [{"name": "test", "user": {"token": TOKEN}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}]}))
        self._config.chmod(0o600)

    def wait_until_ready(self) -> "Cluster":
        def ready() -> bool:
            for process in (self._etcd, self._server):
                if not process.running():
                    raise RuntimeError(f"ended: {process.errors()[-3000:]}")
            done = self.kubectl("get", "--raw", "/readyz", check=False)
            assert done.returncode == 0, done.stderr
            # Made by the server itself a moment later; without it nobody may apply anything.
            assert self.kubectl("get", "namespace", "default", check=False).returncode == 0
            return True

        eventually(ready, 300)
        return self

    def stop(self) -> None:
        for process in (self._server, self._etcd):
            process.kill()

    def environment(self) -> dict[str, str]:
        tools = os.pathsep.join(str(pathlib.Path(tool).parent) for tool in (manifests.KUBECTL, manifests.HELM))
        places = {f"HELM_{name}_HOME": str(self.folder / name) for name in ("DATA", "CONFIG", "CACHE")}
        return {**os.environ, **places, "KUBECONFIG": str(self._config), "HOME": str(self.folder),
                "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}

    def kubectl(self, *arguments: str, check: bool = True, text: str | None = None, **how) -> subprocess.CompletedProcess:
        return self._run(manifests.KUBECTL, *arguments, check=check, text=text, **how)

    def helm(self, *arguments: str) -> subprocess.CompletedProcess:
        return self._run(manifests.HELM, *arguments)

    def _run(self, *command: str, check: bool = True, text: str | None = None, **how) -> subprocess.CompletedProcess:
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=False, timeout=120,
                              env=self.environment(), **how)
        assert not check or done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done

    def objects(self, namespaces: list[str]) -> dict[str, str]:
        """All objects of the kinds that this project has, by name, with the version that every change raises."""
        kinds = "configmaps,services,serviceaccounts,deployments,statefulsets,networkpolicies,podmonitors,prometheusrules"
        found = {}
        for scope in [*(["--namespace", name] for name in namespaces), None]:
            kind = kinds if scope else "clusterroles,clusterrolebindings"
            listed = self.kubectl("get", kind, *(scope or []), "--output", "json", "--selector",
                                  "app.kubernetes.io/part-of=buntime")
            for item in json.loads(listed.stdout)["items"]:
                meta = item["metadata"]
                found[f"{item['kind']} {meta.get('namespace', '')} {meta['name']}"] = meta["resourceVersion"]
        return found
