"""A network as its generator describes it, and the topology file that says the same."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SOURCE: Final = "source"
DESTINATION: Final = "destination"
_SOURCE_ADDRESS: Final = {4: "192.0.2.1", 6: "2001:db8::1"}
_DESTINATION_ADDRESS: Final = {4: "203.0.113.9", 6: "2001:db8:f::9"}
_NAT_ADDRESS: Final = {4: "198.18.0.1", 6: "2001:db8:e::1"}

Keys = dict[str, Any]


@dataclass(frozen=True)
class Net:
    """Routers and the destination by name, with the keys of a topology file, and their links.

    `options` are those of the command that traces it.
    """

    version: int
    nodes: Mapping[str, Keys]
    links: tuple[tuple[str, str], ...]
    options: tuple[str, ...] = ("--mda",)

    @property
    def protocols(self) -> int:
        """How many protocols trace it."""
        compared = [lanes for option, lanes in pairwise(self.options) if option == "--compare"]
        return sum(len(lanes.split(",")) for lanes in compared) or 1

    @property
    def traffic_class(self) -> int:
        """The traffic class of its probes."""
        return next((int(value) for option, value in pairwise(self.options) if option == "-t"), 0)

    @property
    def source(self) -> str:
        """The address of the source."""
        return _SOURCE_ADDRESS[self.version]

    @property
    def destination(self) -> str:
        """The address of the destination."""
        return _DESTINATION_ADDRESS[self.version]

    def after(self, name: str) -> list[str]:
        """The successors of a router, in the order of the file."""
        return [far for near, far in self.links if near == name]

    def before(self, name: str) -> list[str]:
        """The predecessors of a router, in the order of the file."""
        return [near for near, far in self.links if far == name]

    def yaml(self) -> str:
        """The topology file."""
        routers = {name: keys for name, keys in self.nodes.items() if name != DESTINATION}
        lines = [f"source: '{self.source}'", f"destination: {json.dumps(self._end())}", "routers:"]
        lines += [f"  {name}: {json.dumps(keys)}" for name, keys in routers.items()]
        lines += ["paths:", *(f"  - {' -> '.join(path)}" for path in self._paths())]
        return "\n".join(lines) + "\n"

    def _end(self) -> Keys:
        return {"address": self.destination, **self.nodes[DESTINATION]}

    def _paths(self) -> Iterator[list[str]]:
        """Paths from end to end that pass every link, each for the first link it states."""
        stated: set[tuple[str, str]] = set()
        for near, far in self.links:
            if (near, far) in stated:
                continue
            path = [near, far]
            while path[0] != SOURCE:
                path.insert(0, self.before(path[0])[0])
            while path[-1] != DESTINATION:
                path.append(self.after(path[-1])[0])
            stated.update(pairwise(path))
            yield path


@dataclass
class Building:
    """A network that is being built; routers have addresses in a row."""

    version: int = 4
    nodes: dict[str, Keys] = field(default_factory=dict)
    links: list[tuple[str, str]] = field(default_factory=list)
    _addresses: int = 0

    def address(self) -> str:
        """The next address."""
        self._addresses += 1
        if self.version == 6:
            return f"2001:db8:a::{self._addresses:x}"
        high, low = divmod(self._addresses, 250)
        return f"198.51.{100 + high}.{low + 1}"

    @property
    def nat_address(self) -> str:
        """An address behind which a NAT may hide the source."""
        return _NAT_ADDRESS[self.version]

    def router(self, *before: str, **keys: Any) -> str:
        """Add a router behind others, and return its name."""
        name = f"R{len(self.nodes) + 1}"
        self.nodes[name] = {"interfaces": [self.address()], **keys}
        for near in before:
            self.link(near, name)
        return name

    def link(self, near: str, far: str) -> None:
        """Add a link."""
        if (near, far) not in self.links:
            self.links.append((near, far))

    def net(self, *options: str, **end: Any) -> Net:
        """The network; `end` are the keys of the destination."""
        return Net(
            self.version, {**self.nodes, DESTINATION: end}, tuple(self.links), options or ("--mda",)
        )
