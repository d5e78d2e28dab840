"""What a NetworkPolicy lets through, as its specification defines it: for the kinds of rules that ours use, and an
error for any other."""
from dataclasses import dataclass, field

from manifests import selects


@dataclass(frozen=True)
class Pod:
    """An end of a connection. One without labels of a namespace is outside of the cluster, or a node."""
    labels: dict
    namespace: dict | None
    ports: dict = field(default_factory=dict)  # name -> number


def names_of(namespace: str, **more: str) -> dict[str, str]:
    """The labels of a namespace: Kubernetes itself puts its name there."""
    return {"kubernetes.io/metadata.name": namespace, **more}


def ingress(policies: list[dict], source: Pod, target: Pod, port: int, protocol: str = "TCP") -> bool:
    return _allowed(policies, "Ingress", target, source, target, port, protocol)


def egress(policies: list[dict], source: Pod, target: Pod, port: int, protocol: str = "TCP") -> bool:
    return _allowed(policies, "Egress", source, target, target, port, protocol)


def _allowed(policies, direction, subject, peer, target, port, protocol) -> bool:
    """Everything is allowed until a policy selects the pod; then what any of them allows."""
    selecting = [policy for policy in policies
                 if policy["metadata"]["namespace"] == subject.namespace["kubernetes.io/metadata.name"]
                 and direction in policy["spec"]["policyTypes"]
                 and selects(policy["spec"]["podSelector"], subject.labels)]
    if not selecting:
        return True
    peers_key = "from" if direction == "Ingress" else "to"
    return any(_rule(rule, peers_key, policy["metadata"]["namespace"], peer, target, port, protocol)
               for policy in selecting for rule in policy["spec"].get(direction.lower(), []))


def _rule(rule, peers_key, namespace, peer, target, port, protocol) -> bool:
    assert set(rule) <= {peers_key, "ports"}, f"unknown part of a rule: {rule}"
    peers, ports = rule.get(peers_key), rule.get("ports")
    return ((peers is None or any(_is_peer(item, namespace, peer) for item in peers))
            and (ports is None or any(_is_port(item, target, port, protocol) for item in ports)))


def _is_peer(item, namespace, peer) -> bool:
    assert item and set(item) <= {"namespaceSelector", "podSelector"}, f"unknown kind of peer: {item}"
    if peer.namespace is None:
        return False
    if "namespaceSelector" in item:
        inside = selects(item["namespaceSelector"], peer.namespace)
    else:
        inside = peer.namespace["kubernetes.io/metadata.name"] == namespace
    return inside and selects(item.get("podSelector"), peer.labels)


def _is_port(item, target, port, protocol) -> bool:
    assert set(item) <= {"port", "protocol"}, f"unknown kind of port: {item}"
    wanted = item.get("port", port)
    return item.get("protocol", "TCP") == protocol and port == target.ports.get(wanted, wanted)
