"""Reads a topology file (YAML); each mistake is reported with file, line and cure."""

from __future__ import annotations

import itertools
import re
import stat
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mda.model import NOBODYS
from paris.errors import TopologyError
from paris.sim.balancers import HASHABLE, Balance
from paris.sim.filters import CODES, Action
from paris.sim.network import Network
from paris.sim.nodes import Nodes, compose, hint
from paris.sim.router_keys import FILTER, HOST_KEYS, ROUTER_KEYS, values_of
from paris.sim.topology import DESTINATION, SOURCE, Router, Service, Topology

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import yaml

    from mda.model import IPAddress
    from paris.sim.filters import Rule

_SAMPLES: Final = (
    Path(__file__).parent / "samples",  # in an installed distribution
    Path(__file__).parents[2] / "samples" / "topologies",  # in a checkout
)
# The findings that a file may expect from tracing it; only the tests of the samples read them.
_EXPECT: Final = (
    "vertices",
    "edges",
    "diamonds",
    "miss_probability",
    "unproven",
    "per_packet",
    "route_changed",
    "loops",
    "limited",
    "options",
    "exit",
)
_SHORTEST_QUOTE: Final = {4: 28, 6: 48}  # the IP header and eight bytes; less matches no probe
_RANGE: Final = re.compile(r"([A-Za-z_]+)(\d{1,9})\.\.\1(\d{1,9})")
_NAME: Final = re.compile(r"[A-Za-z_][\w-]*")
_WIDEST: Final = 4096  # routers in one range
_MOST_STEPS: Final = 1_000_000  # from router to router, in all paths


def samples() -> dict[str, Path]:
    """The sample topologies by name."""
    for folder in _SAMPLES:
        if folder.is_dir():
            return {path.stem: path for path in sorted(folder.glob("*.yaml"))}
    return {}


def find(name: str) -> Path:
    """The file for `name`, which is a path or a sample's name. Raises TopologyError."""
    path = Path(name)
    is_path = path.suffix in (".yaml", ".yml") or "/" in name
    if is_path and _is_file(path):
        return path
    known = samples()
    stem = name.removesuffix(".yaml")
    if stem in known:
        return known[stem]
    if is_path:
        raise TopologyError(f"there is no topology file {name}")
    raise TopologyError(f"there is no sample network {name!r}; {hint(name, known)}")


def _is_file(path: Path) -> bool:
    """Whether it is a file, or lies where this user may not look: reading it says so."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except PermissionError:
        return True
    except (OSError, ValueError):  # a name with a NUL character
        return False


def load(path: Path) -> Topology:
    """The topology in a YAML file. Raises TopologyError for any mistake."""
    return _Reader(path).topology(compose(path))


def network(name: str, seed: int) -> Network:
    """The network in a file, or in the sample with that name. Raises TopologyError."""
    return Network(load(find(name)), seed)


class _Reader(Nodes):
    """Reads the nodes of a topology file."""

    def topology(self, root: yaml.Node) -> Topology:
        parts = self.mapping(root, (SOURCE, DESTINATION, "routers", "paths", "expect"))
        for key in (SOURCE, DESTINATION, "paths"):
            if key not in parts:
                self.fail(root, f"{key!r} is missing; give it at the top level")
        source, rules = self._start(parts[SOURCE])
        end, open_ports, services = self._destination(parts[DESTINATION])
        routers: dict[str, Router] = {}
        where: dict[str, yaml.Node] = {}
        if "routers" in parts:
            for key_node, value in self.pairs(parts["routers"]):
                for router in self._routers(key_node, value):
                    if router.name in routers:
                        self.fail(key_node, f"router {router.name} is given twice; remove one")
                    routers[router.name] = router
                    where[router.name] = key_node
        routers[DESTINATION], where[DESTINATION] = end, parts[DESTINATION]
        self._check_addresses(source, routers, where)
        steps = self._steps(parts["paths"], routers)
        topology = Topology.of(self.path.stem, source, routers.values(), steps).replace(
            open_ports=open_ports,
            services=services,
            rules=rules,
            expect=self.plain(parts["expect"], _EXPECT) if "expect" in parts else {},
        )
        self._check_loops(topology.successors, steps)
        self._check_use(topology.successors, routers, where)
        return topology

    def _start(self, node: yaml.Node) -> tuple[IPAddress, tuple[Rule, ...]]:
        if not self.is_mapping(node):
            return self.address(node), ()
        parts = self.mapping(node, ("address", FILTER.key))
        if "address" not in parts:
            self.fail(node, "the source has no address; give `address:`")
        rules = FILTER.read(self, parts[FILTER.key]) if FILTER.key in parts else ()
        if not {rule.action for rule in rules} <= {Action.PASS, Action.DROP}:
            self.fail(parts[FILTER.key], "the source can only `pass` and `drop` what it sends")
        return self.address(parts["address"]), rules

    def _destination(self, node: yaml.Node) -> tuple[Router, frozenset[int], Mapping[int, Service]]:
        if not self.is_mapping(node):
            return Router(name=DESTINATION, interfaces=(self.address(node),)), frozenset(), {}
        parts = self.mapping(node, ("address", "open", "udp", *HOST_KEYS))
        if "address" not in parts:
            self.fail(node, "the destination has no address; give `address:`")
        address = self.address(parts.pop("address"))
        ports = self.ports(parts.pop("open")) if "open" in parts else ()
        services = self._services(parts.pop("udp")) if "udp" in parts else {}
        end = Router(name=DESTINATION, interfaces=(address,), **values_of(self, parts))
        return end, frozenset(itertools.chain(*ports)), services

    def _services(self, node: yaml.Node) -> Mapping[int, Service]:
        """The service at each UDP port: the same at all of them, or by port."""
        if not self.is_mapping(node):
            return dict.fromkeys(range(1 << 16), self.one_of(node, Service))
        services: dict[int, Service] = {}
        for key, value in self.pairs(node):
            service = self.one_of(value, Service)
            services |= dict.fromkeys(itertools.chain(*self.ports(key)), service)
        return services

    def _routers(self, key: yaml.Node, node: yaml.Node) -> Iterator[Router]:
        names = self._expand(key, self.text(key))
        if names[0] in (SOURCE, DESTINATION):
            self.fail(key, f"{names[0]!r} is not a router; give its values at the top level")
        parts = self.mapping(node, ("interfaces", "balance", *ROUTER_KEYS, "turns"))
        if "interfaces" not in parts:
            self.fail(key, f"{names[0]} has no interfaces; give `interfaces: [ADDRESS]`")
        given = parts.pop("interfaces")
        balance = self._balance(parts.pop("balance")) if "balance" in parts else {}
        balance |= self._turns(parts.pop("turns")) if "turns" in parts else {}
        values = values_of(self, parts)
        if len(names) > 1:
            for name, address in zip(names, self._block(given, len(names)), strict=True):
                yield Router(name=name, interfaces=(address,), **balance, **values)
            return
        interfaces = tuple(self.address(item) for item in self.items(given))
        if not interfaces:
            self.fail(given, f"{names[0]} has no interfaces; give at least one address")
        yield Router(name=names[0], interfaces=interfaces, **balance, **values)

    def _block(self, node: yaml.Node, size: int) -> list[IPAddress]:
        """The addresses of a range of routers, written as FIRST_ADDRESS+."""
        text = self.text(node) if not self.is_list(node) else ""
        if not text.endswith("+"):
            self.fail(node, "routers given as a range need `interfaces: FIRST_ADDRESS+`")
        first = self.address(node, text.removesuffix("+"))
        if int(first) + size > 1 << first.max_prefixlen:
            self.fail(node, f"{size} routers from {first} on are beyond the last address")
        return [first + index for index in range(size)]

    def _balance(self, node: yaml.Node) -> dict[str, Any]:
        parts = self.mapping(node, ("by", "fields", "weights", "seed"))
        values: dict[str, Any] = {}
        if "by" in parts:
            values["by"] = self.one_of(parts["by"], Balance)
        if "fields" in parts:
            if values.get("by", Balance.FLOW) is not Balance.FLOW:
                self.fail(parts["fields"], "only a balancer `by: flow` reads fields; remove them")
            items = self.items(parts["fields"])
            values["fields"] = tuple(self.one_of(item, HASHABLE) for item in items)
        if "weights" in parts:
            values["weights"] = {
                self.text(key): self.whole(value, 1, 1000)
                for key, value in self.pairs(parts["weights"])
            }
        if "seed" in parts:
            values["seed"] = self.whole(parts["seed"], 0, 2**64 - 1)
        return values

    def _turns(self, node: yaml.Node) -> dict[str, Any]:
        parts = self.mapping(node, ("at_ms", "to"))
        if "to" not in parts:
            self.fail(node, "a route that turns needs `to: ROUTER`")
        at_s = self.number(parts["at_ms"], 0, 86_400_000) / 1000 if "at_ms" in parts else 0.0
        return {"turns_at_s": at_s, "turns_to": self.text(parts["to"])}

    def _check_addresses(
        self, source: IPAddress, routers: Mapping[str, Router], where: Mapping[str, yaml.Node]
    ) -> None:
        owners: dict[IPAddress, str] = {source: SOURCE}
        shortest = _SHORTEST_QUOTE[source.version]
        for name, router in routers.items():
            for address in router.interfaces:
                if address.version != source.version:
                    self.fail(where[name], f"{address} of {name} is IPv{address.version}, the "
                              f"source is IPv{source.version}; use one version")  # fmt: skip
                if address in owners and address != NOBODYS:
                    self.fail(where[name], f"{address} belongs to both {owners[address]} and "
                              f"{name}; give each its own")  # fmt: skip
                owners[address] = name
            behind = router.rewrites_source
            if behind is not None and behind.version != source.version:
                self.fail(where[name], f"{name} rewrites the source to IPv{behind.version}; use "
                          "the version of the source")  # fmt: skip
            other = router.answers_from
            if other is not None and (other.version != source.version or other in owners):
                self.fail(where[name], f"{name} answers from {other}; give an IPv{source.version} "
                          "address of its own")  # fmt: skip
            if any({segment.version, source.version} != {6} for segment in router.segments):
                self.fail(where[name], f"{name} has segments; they exist only in IPv6")
            for rule in router.rules:
                if rule.action in CODES and source.version not in CODES[rule.action]:
                    known = [own.value for own, codes in CODES.items() if source.version in codes]
                    self.fail(where[name], f"{name} refuses by {rule.action.value!r}; "
                              f"IPv{source.version} has {', '.join(known)}")  # fmt: skip
            if router.quote_bytes is not None and router.quote_bytes < shortest:
                self.fail(where[name], f"{name} quotes {router.quote_bytes} bytes; "
                          f"in IPv{source.version} use {shortest} or more")  # fmt: skip

    def _check_use(
        self,
        successors: Mapping[str, tuple[str, ...]],
        routers: Mapping[str, Router],
        where: Mapping[str, yaml.Node],
    ) -> None:
        for name, router in routers.items():
            if name not in successors and name != DESTINATION:
                self.fail(where[name], f"router {name} is in no path; add it to one or remove it")
            if router.turns_to is not None and router.turns_to not in routers:
                self.fail(where[name], f"{name} turns to {router.turns_to!r}, which is not a "
                          f"router; {hint(router.turns_to, routers)}")  # fmt: skip
            if successors.get(name) == (router.turns_to,) and router.turns_at_s:
                self.fail(where[name], f"{name} has no route before it turns to {router.turns_to}; "
                          "give a path that takes another")  # fmt: skip
            if router.way_back is not None and len(router.interfaces) < 2:
                self.fail(where[name], f"{name} has one interface to reply from; give several, or "
                          "remove `way_back`")  # fmt: skip
            for other in router.weights:
                if other not in successors[name]:
                    known = ", ".join(successors[name])
                    self.fail(where[name], f"{name} weighs {other}, which does not follow it; "
                              f"its successors are {known}")  # fmt: skip

    def _steps(
        self, node: yaml.Node, routers: Mapping[str, Router]
    ) -> dict[tuple[str, str], yaml.Node]:
        """Each step between two routers, in the file's order, with the line that states it."""
        stated: dict[tuple[str, str], yaml.Node] = {}
        for line in self.items(node):
            stages = [self._stage(line, text, routers) for text in self.text(line).split("->")]
            if stages[0] != [SOURCE] or stages[-1] != [DESTINATION] or len(stages) < 2:
                self.fail(line, "a path goes `source -> ... -> destination`")
            for near, far in itertools.pairwise(stages):
                if len(stated) + len(near) * len(far) > _MOST_STEPS:
                    self.fail(line, f"there are more than {_MOST_STEPS:,} links; give fewer")
                for step in itertools.product(near, far):
                    stated.setdefault(step, line)
        if not stated:
            self.fail(node, "there is no path; give at least `- source -> destination`")
        return stated

    def _stage(self, line: yaml.Node, text: str, routers: Mapping[str, Router]) -> list[str]:
        text = text.strip()
        inner = text[1:-1] if text.startswith("[") and text.endswith("]") else text
        names = [name for part in inner.split(",") for name in self._expand(line, part.strip())]
        for name in names:
            if name not in routers and name != SOURCE:
                self.fail(line, f"there is no router {name!r}; {hint(name, routers)}")
        return names

    def _check_loops(
        self,
        successors: Mapping[str, tuple[str, ...]],
        stated: Mapping[tuple[str, str], yaml.Node],
    ) -> None:
        try:
            TopologicalSorter(successors).prepare()
        except CycleError as error:
            loop: list[str] = list(reversed(error.args[1]))
            # Of the lines that state the loop's steps, the last closes the loop.
            lines = [stated[step] for step in itertools.pairwise(loop)]
            closing = max(lines, key=lambda line: line.start_mark.line)
            steps = " -> ".join(loop)
            self.fail(closing, f"router {loop[0]} is its own successor ({steps}); remove a step")

    def _expand(self, node: yaml.Node, text: str) -> list[str]:
        """A single name, or the names of a range such as A1..A48."""
        match = _RANGE.fullmatch(text)
        if match:
            stem, first, last = match[1], int(match[2]), int(match[3])
            if not first < last < first + _WIDEST:
                self.fail(node, f"{text} is not a range of 2 to {_WIDEST}, lower number first")
            return [f"{stem}{number}" for number in range(first, last + 1)]
        if not _NAME.fullmatch(text):
            self.fail(node, f"not a router name: {text!r}; use letters, digits, - and _")
        return [text]
