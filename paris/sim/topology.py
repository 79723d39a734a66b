"""A topology file (YAML) into a Topology; every mistake with its file, line and cure."""

from __future__ import annotations

import difflib
import itertools
import re
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

import yaml

from paris.errors import TopologyError
from paris.sim.balancers import DEFAULT_FIELDS, Balance, HashField

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mda.model import IPAddress

SOURCE: Final = "source"
DESTINATION: Final = "destination"
_SAMPLES: Final = (
    Path(__file__).parent / "samples",  # in an installed distribution
    Path(__file__).parents[2] / "samples" / "topologies",  # in a checkout
)
_RANGE: Final = re.compile(r"([A-Za-z_]+)(\d+)\.\.\1(\d+)")
_NAME: Final = re.compile(r"[A-Za-z_][\w-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Router:
    """A router. Answers come from the interface that faces the one the probe came from.

    `delay_s` is what it adds to the way there and back. `weights` are its successors' shares, 1
    where not given. `loss` is the share of answers that get lost, `rate_pps` the answers a second
    that it gives, after `burst` at once. `quote_bytes` is how much of a probe it quotes, None for
    as much as is allowed. `prohibits` makes it refuse all probes with that ICMP code.
    """

    name: str
    interfaces: tuple[IPAddress, ...]
    by: Balance = Balance.FLOW
    fields: tuple[HashField, ...] = DEFAULT_FIELDS
    weights: Mapping[str, int] = field(default_factory=dict)
    seed: int | None = None
    delay_s: float = 0.001
    silent: bool = False
    loss: float = 0.0
    rate_pps: float | None = None
    burst: int = 6
    quote_bytes: int | None = None
    mpls: tuple[int, ...] = ()
    prohibits: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Topology:
    """A network: `successors` and `predecessors` by name, from SOURCE to DESTINATION.

    `open_ports` are the TCP ports at which the destination accepts. `expect` is the file's own
    statement of what tracing it should find, as read.
    """

    name: str
    source: IPAddress
    destination: IPAddress
    routers: Mapping[str, Router]
    successors: Mapping[str, tuple[str, ...]]
    predecessors: Mapping[str, tuple[str, ...]]
    open_ports: frozenset[int]
    expect: Mapping[str, Any]

    def interface(self, name: str, came_from: str) -> IPAddress:
        """The address from which `name` answers a probe that came from `came_from`."""
        interfaces = self.routers[name].interfaces
        index = self.predecessors[name].index(came_from)
        return interfaces[index] if index < len(interfaces) else interfaces[0]


def samples() -> dict[str, Path]:
    """The sample topologies by name."""
    for folder in _SAMPLES:
        if folder.is_dir():
            return {path.stem: path for path in sorted(folder.glob("*.yaml"))}
    return {}


def find(name: str) -> Path:
    """The file that `name` means: a path, or the name of a sample. Raises TopologyError."""
    path = Path(name)
    if path.suffix in (".yaml", ".yml") or "/" in name:
        if path.is_file():
            return path
        raise TopologyError(f"there is no topology file {name}")
    known = samples()
    if name in known:
        return known[name]
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]}?" if close else f"the samples are {', '.join(known)}"
    raise TopologyError(f"there is no sample network {name!r}; {hint}")


def load(path: Path) -> Topology:
    """The topology in a YAML file. Raises TopologyError for every mistake."""
    try:
        root = yaml.compose(path.read_text(), Loader=yaml.SafeLoader)
    except OSError as error:
        raise TopologyError(f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise TopologyError(f"{path}: not a text file") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise TopologyError(f"{path}:{line}: not YAML: {error.problem}") from None
    except yaml.YAMLError as error:
        raise TopologyError(f"{path}: not YAML: {' '.join(str(error).split())}") from None
    if root is None:
        raise TopologyError(f"{path}:1: the file is empty; it needs source, destination, paths")
    return _Reader(path).topology(root)


class _Reader:
    """Reads YAML nodes, which know their lines, into values."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def fail(self, node: yaml.Node, message: str) -> NoReturn:
        raise TopologyError(f"{self._path}:{node.start_mark.line + 1}: {message}")

    def topology(self, root: yaml.Node) -> Topology:
        keys = (SOURCE, DESTINATION, "routers", "paths", "expect")
        parts = self._mapping(root, keys)
        for key in (SOURCE, DESTINATION, "paths"):
            if key not in parts:
                self.fail(root, f"{key!r} is missing; give it at the top level")
        source = self._address(parts[SOURCE])
        routers: dict[str, Router] = {}
        where: dict[str, yaml.Node] = {}
        if "routers" in parts:
            for name_node, value in self._pairs(parts["routers"]):
                for router in self._routers(name_node, value):
                    if router.name in routers:
                        self.fail(name_node, f"router {router.name} is given twice; remove one")
                    routers[router.name] = router
                    where[router.name] = name_node
        end, open_ports = self._destination(parts[DESTINATION])
        routers[DESTINATION] = end
        self._check_addresses(source, routers, where, parts)
        successors = self._paths(parts["paths"], routers)
        for name, node in where.items():
            if name not in successors:
                self.fail(node, f"router {name} is in no path; add it to one or remove it")
            for other in routers[name].weights:
                if other not in successors[name]:
                    known = ", ".join(successors[name])
                    self.fail(node, f"{name} weighs {other}, which does not follow it; "
                                    f"its successors are {known}")  # fmt: skip
        predecessors: dict[str, list[str]] = {name: [] for name in routers}
        for name, after in successors.items():
            for other in after:
                predecessors[other].append(name)
        return Topology(
            name=self._path.stem,
            source=source,
            destination=end.interfaces[0],
            routers=routers,
            successors={name: tuple(after) for name, after in successors.items()},
            predecessors={name: tuple(before) for name, before in predecessors.items()},
            open_ports=open_ports,
            expect=self._plain(parts["expect"]) if "expect" in parts else {},
        )

    def _destination(self, node: yaml.Node) -> tuple[Router, frozenset[int]]:
        if isinstance(node, yaml.ScalarNode):
            return Router(name=DESTINATION, interfaces=(self._address(node),)), frozenset()
        keys = ("address", "open", "delay_ms", "silent", "loss", "rate_pps", "burst")
        parts = self._mapping(node, keys)
        if "address" not in parts:
            self.fail(node, "the destination has no address; give `address:`")
        address = self._address(parts.pop("address"))
        ports: frozenset[int] = frozenset()
        if "open" in parts:
            items = self._items(parts.pop("open"))
            ports = frozenset(int(self._number(item, 1, 65535, whole=True)) for item in items)
        values = self._answering(parts)
        return Router(name=DESTINATION, interfaces=(address,), **values), ports

    def _routers(self, key: yaml.Node, node: yaml.Node) -> Iterator[Router]:
        names = self._names(key)
        keys = ("interfaces", "balance", "delay_ms", "silent", "loss", "rate_pps", "burst",
                "quote_bytes", "mpls", "prohibits")  # fmt: skip
        parts = self._mapping(node, keys)
        if "interfaces" not in parts:
            self.fail(key, f"{names[0]} has no interfaces; give `interfaces: [ADDRESS]`")
        given = parts.pop("interfaces")
        balance = self._balance(parts.pop("balance")) if "balance" in parts else {}
        values = self._answering(parts)
        if len(names) == 1:
            interfaces = tuple(self._address(item) for item in self._items(given))
            if not interfaces:
                self.fail(given, f"{names[0]} has no interfaces; give at least one address")
            yield Router(name=names[0], interfaces=interfaces, **balance, **values)
            return
        text = self._text(given)
        if not text.endswith("+"):
            self.fail(given, "routers given as a range need `interfaces: FIRST_ADDRESS+`")
        first = self._parse_address(given, text.removesuffix("+"))
        for index, name in enumerate(names):
            yield Router(name=name, interfaces=(first + index,), **balance, **values)

    def _answering(self, parts: Mapping[str, yaml.Node]) -> dict[str, Any]:
        """The values of keys that say how a router answers."""
        read: dict[str, tuple[str, Callable[[yaml.Node], Any]]] = {
            "delay_ms": ("delay_s", lambda node: self._number(node, 0, 60_000) / 1000),
            "silent": ("silent", self._flag),
            "loss": ("loss", lambda node: self._number(node, 0, 1)),
            "rate_pps": ("rate_pps", lambda node: self._number(node, 0.001, 1e9)),
            "burst": ("burst", lambda node: int(self._number(node, 1, 1e6, whole=True))),
            "quote_bytes": (
                "quote_bytes", lambda node: int(self._number(node, 28, 65535, whole=True))
            ),
            "mpls": ("mpls", lambda node: tuple(
                int(self._number(item, 0, 0xFFFFF, whole=True)) for item in self._items(node))),
            "prohibits": ("prohibits", lambda node: int(self._number(node, 0, 15, whole=True))),
        }  # fmt: skip
        return {read[key][0]: read[key][1](node) for key, node in parts.items()}

    def _balance(self, node: yaml.Node) -> dict[str, Any]:
        parts = self._mapping(node, ("by", "fields", "weights", "seed"))
        values: dict[str, Any] = {}
        if "by" in parts:
            values["by"] = self._one_of(parts["by"], Balance)
        if "fields" in parts:
            if values.get("by", Balance.FLOW) is not Balance.FLOW:
                self.fail(parts["fields"], "only a balancer `by: flow` reads fields; remove them")
            items = self._items(parts["fields"])
            values["fields"] = tuple(self._one_of(item, HashField) for item in items)
        if "weights" in parts:
            values["weights"] = {
                self._text(key): int(self._number(value, 1, 1000, whole=True))
                for key, value in self._pairs(parts["weights"])
            }
        if "seed" in parts:
            values["seed"] = int(self._number(parts["seed"], 0, 2**64 - 1, whole=True))
        return values

    def _check_addresses(
        self,
        source: IPAddress,
        routers: Mapping[str, Router],
        where: Mapping[str, yaml.Node],
        parts: Mapping[str, yaml.Node],
    ) -> None:
        owners: dict[IPAddress, str] = {source: SOURCE}
        for name, router in routers.items():
            node = where.get(name, parts[DESTINATION])
            for address in router.interfaces:
                if address.version != source.version:
                    self.fail(node, f"{address} of {name} is IPv{address.version}, the source is "
                                    f"IPv{source.version}; use one version")  # fmt: skip
                if address in owners:
                    self.fail(node, f"{address} belongs to both {owners[address]} and {name}; "
                                    "give each its own")  # fmt: skip
                owners[address] = name

    def _paths(self, node: yaml.Node, routers: Mapping[str, Router]) -> dict[str, list[str]]:
        successors: dict[str, list[str]] = {}
        for line in self._items(node):
            steps = [self._step(line, step, routers) for step in self._text(line).split("->")]
            if steps[0] != [SOURCE] or steps[-1] != [DESTINATION] or len(steps) < 2:
                self.fail(line, "a path goes `source -> ... -> destination`")
            for near, far in itertools.pairwise(steps):
                for name in near:
                    after = successors.setdefault(name, [])
                    after.extend(other for other in far if other not in after)
        if not successors:
            self.fail(node, "there is no path; give at least `- source -> destination`")
        self._check_loops(node, successors)
        return successors

    def _step(self, line: yaml.Node, step: str, routers: Mapping[str, Router]) -> list[str]:
        text = step.strip()
        inner = text[1:-1] if text.startswith("[") and text.endswith("]") else text
        names = [name for part in inner.split(",") for name in self._expand(line, part.strip())]
        for name in names:
            if name not in routers and name != SOURCE:
                close = difflib.get_close_matches(name, routers, n=1)
                hint = f"did you mean {close[0]}?" if close else "add it under routers"
                self.fail(line, f"there is no router {name!r}; {hint}")
        return names

    def _check_loops(self, node: yaml.Node, successors: Mapping[str, list[str]]) -> None:
        try:
            TopologicalSorter(successors).prepare()
        except CycleError as error:
            loop = list(reversed(error.args[1]))
            self.fail(
                node,
                f"router {loop[0]} is its own successor ({' -> '.join(loop)}); "
                "remove one of these steps",
            )

    def _names(self, node: yaml.Node) -> list[str]:
        return self._expand(node, self._text(node))

    def _expand(self, node: yaml.Node, text: str) -> list[str]:
        """One name, or those of a range such as A1..A48."""
        match = _RANGE.fullmatch(text)
        if match:
            stem, first, last = match[1], int(match[2]), int(match[3])
            if not first < last < first + 4096:
                self.fail(node, f"{text} is no range; write the lower number first")
            return [f"{stem}{number}" for number in range(first, last + 1)]
        if not _NAME.fullmatch(text):
            self.fail(node, f"{text!r} is no router name; use letters, digits, - and _")
        return [text]

    def _mapping(self, node: yaml.Node, allowed: tuple[str, ...]) -> dict[str, yaml.Node]:
        parts: dict[str, yaml.Node] = {}
        for key, value in self._pairs(node):
            name = self._text(key)
            if name not in allowed:
                close = difflib.get_close_matches(name, allowed, n=1)
                hint = f"did you mean {close[0]}?" if close else f"allowed: {', '.join(allowed)}"
                self.fail(key, f"unknown key {name!r}; {hint}")
            if name in parts:
                self.fail(key, f"{name!r} is given twice; remove one")
            parts[name] = value
        return parts

    def _pairs(self, node: yaml.Node) -> list[tuple[yaml.Node, yaml.Node]]:
        if not isinstance(node, yaml.MappingNode):
            self.fail(node, "expected `key: value` pairs here")
        return list(node.value)

    def _items(self, node: yaml.Node) -> list[yaml.Node]:
        if not isinstance(node, yaml.SequenceNode):
            self.fail(node, "expected a list here: [a, b] or lines that begin with -")
        return list(node.value)

    def _text(self, node: yaml.Node) -> str:
        if not isinstance(node, yaml.ScalarNode):
            self.fail(node, "expected a single value here")
        return str(node.value)

    def _number(
        self, node: yaml.Node, lowest: float, highest: float, *, whole: bool = False
    ) -> float:
        text = self._text(node)
        try:
            number = int(text) if whole else float(text)
        except ValueError:
            kind = "whole number" if whole else "number"
            self.fail(node, f"{text!r} is no {kind}; use one from {lowest:g} to {highest:g}")
        if not lowest <= number <= highest:
            self.fail(node, f"{text} is out of range; use {lowest:g} to {highest:g}")
        return number

    def _flag(self, node: yaml.Node) -> bool:
        text = self._text(node)
        if text not in ("true", "false"):
            self.fail(node, f"{text!r} is neither true nor false")
        return text == "true"

    def _one_of(self, node: yaml.Node, kind: Any) -> Any:
        text = self._text(node)
        values = [member.value for member in kind]
        if text not in values:
            close = difflib.get_close_matches(text, values, n=1)
            hint = f"did you mean {close[0]}?" if close else f"use one of {', '.join(values)}"
            self.fail(node, f"unknown value {text!r}; {hint}")
        return kind(text)

    def _address(self, node: yaml.Node) -> IPAddress:
        return self._parse_address(node, self._text(node))

    def _parse_address(self, node: yaml.Node, text: str) -> IPAddress:
        try:
            return ip_address(text)
        except ValueError:
            self.fail(node, f"{text!r} is no IPv4 or IPv6 address")

    def _plain(self, node: yaml.Node) -> Mapping[str, Any]:
        value = yaml.SafeLoader("").construct_document(node)
        if not isinstance(value, dict):
            self.fail(node, "expected `key: value` pairs here")
        return value
