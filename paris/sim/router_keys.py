"""The keys of a topology file that describe what a router or host does, a row each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from mda.model import InterfaceInfo, InterfaceRole
from paris.packets.protocols import Protocol
from paris.sim.balancers import Balance
from paris.sim.filters import OF_TCP, Action, Rule

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import yaml

    from paris.sim.nodes import Nodes


_INCOMING: Final = InterfaceRole.INCOMING
_INTERFACE_KEYS: Final = ("role", "ifindex", "address", "name", "mtu")
_RULE_KEYS: Final = ("action", "protocol", "sport", "dport")
_LONGEST_NAME: Final = 63  # bytes (RFC 5837 section 4.3)
_SHORTEST_MTU: Final = 68  # bytes, of IPv4 (RFC 791)
_WORD: Final = (1 << 32) - 1


class RouterKey(NamedTuple):
    """A key of a file: the attribute of Router that it sets, and how its value is read."""

    key: str
    attribute: str
    read: Callable[[Nodes, yaml.Node], Any]


def _seconds(nodes: Nodes, node: yaml.Node) -> float:
    return nodes.number(node, 0, 60_000) / 1000


def _share(nodes: Nodes, node: yaml.Node) -> float:
    return nodes.number(node, 0, 1)


def _code(nodes: Nodes, node: yaml.Node) -> int:
    return nodes.whole(node, 0, 15)


def _interface(nodes: Nodes, node: yaml.Node) -> InterfaceInfo:
    parts = nodes.mapping(node, _INTERFACE_KEYS)
    name = nodes.text(parts["name"]) if "name" in parts else None
    if name is not None and len(name.encode()) > _LONGEST_NAME:
        nodes.fail(parts["name"], f"a name has at most {_LONGEST_NAME} bytes; shorten it")
    return InterfaceInfo(
        role=nodes.one_of(parts["role"], InterfaceRole) if "role" in parts else _INCOMING,
        ifindex=nodes.whole(parts["ifindex"], 0, _WORD) if "ifindex" in parts else None,
        address=nodes.address(parts["address"]) if "address" in parts else None,
        name=name,
        mtu=nodes.whole(parts["mtu"], 0, _WORD) if "mtu" in parts else None,
    )


def _rule(nodes: Nodes, node: yaml.Node) -> Rule:
    parts = nodes.mapping(node, _RULE_KEYS)
    if "action" not in parts:
        nodes.fail(node, "a rule needs `action: drop`, or another")
    rule = Rule(
        action=nodes.one_of(parts["action"], Action),
        protocol=nodes.one_of(parts["protocol"], Protocol) if "protocol" in parts else None,
        sport=nodes.ports(parts["sport"]) if "sport" in parts else None,
        dport=nodes.ports(parts["dport"]) if "dport" in parts else None,
    )
    if rule.action in OF_TCP and rule.protocol is not Protocol.TCP:
        nodes.fail(parts["action"], f"only TCP has a reply for {rule.action.value!r}; "
                   "add `protocol: tcp`")  # fmt: skip
    if rule.protocol is Protocol.ICMP and {"sport", "dport"} & parts.keys():
        nodes.fail(parts["protocol"], "ICMP has no ports; remove them from the rule")
    return rule


def _flag(nodes: Nodes, node: yaml.Node) -> bool:
    return nodes.flag(node)


FILTER: Final = RouterKey(
    "filter", "rules", lambda nodes, node: tuple(_rule(nodes, item) for item in nodes.items(node))
)
_ANSWERING: Final = (
    RouterKey("delay_ms", "delay_s", _seconds),
    RouterKey("answers_after_ms", "answers_after_s", _seconds),
    RouterKey("silent", "silent", _flag),
    RouterKey("loss", "loss", _share),
    RouterKey("duplicates", "duplicates", _share),
    RouterKey("initial_ttl", "initial_ttl", lambda nodes, node: nodes.whole(node, 1, 255)),
    RouterKey("longer_back", "longer_back", lambda nodes, node: nodes.whole(node, 0, 63)),
    RouterKey("rate_pps", "rate_pps", lambda nodes, node: nodes.number(node, 0.001, 1e9)),
    RouterKey("burst", "burst", lambda nodes, node: nodes.whole(node, 1, 1_000_000)),
    RouterKey(
        "describes",
        "describes",
        lambda nodes, node: tuple(_interface(nodes, item) for item in nodes.items(node)),
    ),
    FILTER,
)
_OF_ROUTERS: Final = (
    RouterKey("way_back", "way_back", lambda nodes, node: nodes.one_of(node, Balance)),
    RouterKey("quote_bytes", "quote_bytes", lambda nodes, node: nodes.whole(node, 28, 65535)),
    RouterKey(
        "mpls",
        "mpls",
        lambda nodes, node: tuple(nodes.whole(item, 0, 0xFFFFF) for item in nodes.items(node)),
    ),
    RouterKey("label_ttl", "label_ttl", lambda nodes, node: nodes.whole(node, 1, 255)),
    RouterKey("quotes_ttl", "quotes_ttl", lambda nodes, node: nodes.whole(node, 0, 255)),
    RouterKey("prohibits", "prohibits", _code),
    RouterKey("refuses", "refuses", _code),
    RouterKey("loses", "loses", _share),
    RouterKey("drops", "drops", _flag),
    RouterKey("passes_expired", "passes_expired", _flag),
    RouterKey("counts_twice", "counts_twice", _flag),
    RouterKey("rewrites_source", "rewrites_source", lambda nodes, node: nodes.address(node)),
    RouterKey("sets_dscp", "sets_dscp", lambda nodes, node: nodes.whole(node, 0, 63)),
    RouterKey("sets_ecn", "sets_ecn", lambda nodes, node: nodes.whole(node, 0, 3)),
    RouterKey(
        "sets_flow_label", "sets_flow_label", lambda nodes, node: nodes.whole(node, 0, 0xFFFFF)
    ),
    RouterKey("sets_ttl", "sets_ttl", lambda nodes, node: nodes.whole(node, 1, 255)),
    RouterKey("masks", "masks", _flag),
    RouterKey("mtu", "mtu", lambda nodes, node: nodes.whole(node, _SHORTEST_MTU, 65535)),
    RouterKey("states_mtu", "states_mtu", lambda nodes, node: nodes.whole(node, 0, 65535)),
    RouterKey("black_hole", "black_hole", _flag),
    RouterKey(
        "segments",
        "segments",
        lambda nodes, node: tuple(nodes.address(item) for item in nodes.items(node)),
    ),
)
_OF_HOSTS: Final = (
    RouterKey("down_after_ms", "down_after_s", _seconds),
    RouterKey("answers_from", "answers_from", lambda nodes, node: nodes.address(node)),
    RouterKey("copies_ttl", "copies_ttl", _flag),
)
_ROWS: Final = {row.key: row for row in (*_ANSWERING, *_OF_ROUTERS, *_OF_HOSTS)}
ROUTER_KEYS: Final = tuple(row.key for row in (*_ANSWERING, *_OF_ROUTERS))
HOST_KEYS: Final = tuple(row.key for row in (*_ANSWERING, *_OF_HOSTS))


def values_of(nodes: Nodes, parts: Mapping[str, yaml.Node]) -> dict[str, Any]:
    """The attributes of a Router that these keys set. Raises TopologyError for a bad value."""
    return {_ROWS[key].attribute: _ROWS[key].read(nodes, node) for key, node in parts.items()}
