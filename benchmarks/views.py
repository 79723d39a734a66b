"""Views: traces to be made again and again in one network, and what each of them has to show."""

from __future__ import annotations

import itertools
import json
import os
import resource
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mda.model import NOBODYS
from paris.errors import ExitCode
from tests.lab.command import Found, start_at
from tests.lab.netlab import TARGET, Truth
from tests.lab.programs import programs
from tests.lab.test_ways import first_replies, ways
from tests.support.forks import fork

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from mda.model import IPAddress, Way
    from tests.lab.command import Running
    from tests.lab.netlab import Lab
    from tests.support.commands import Ran

    # What is wrong with a run by a wire and with a seed, "" if nothing.
    Look = Callable[[str, int], str]

# Next to no run misses a branch by chance.
SURE: Final = ("--mda", "-c", "99.999")
_REACHED: Final = (ExitCode.REACHED, ExitCode.PORT_CLOSED)
REFUSED: Final = (ExitCode.USAGE, ExitCode.NO_NAME)
_PROTOCOLS: Final = {"-U": "udp", "-T": "tcp"}


def behind_source(truth: Truth) -> Truth:
    """The same without this machine, whose addresses may be several."""
    return Truth(
        frozenset(vertex for vertex in truth.vertices if vertex[0]),
        frozenset(edge for edge in truth.edges if edge[0][0]),
    )


def renamed(truth: Truth, names: Mapping[IPAddress, IPAddress]) -> Truth:
    """The same where other addresses reply."""

    def new(vertex: tuple[int, IPAddress | None]) -> tuple[int, IPAddress | None]:
        ttl, address = vertex
        return ttl, address and names.get(address, address)

    return Truth(
        frozenset(map(new, truth.vertices)),
        frozenset((new(near), new(far)) for near, far in truth.edges),
    )


def path(*addresses: IPAddress | None) -> Truth:
    """The truth of one path, by who replies at each hop."""
    vertices = list(enumerate(addresses, start=1))
    return Truth(frozenset(vertices), frozenset(itertools.pairwise(vertices)))


@dataclass(frozen=True)
class View:
    """A trace from a namespace to a host, and its truth behind the source.

    `further` says what else is wrong. What needs no right runs as nobody, unless `is_root`.
    """

    namespace: str
    host: str
    truth: Truth
    options: tuple[str, ...] = ()
    algorithm: tuple[str, ...] = SURE
    is_root: bool = False
    further: Callable[[Found], str] = lambda _: ""

    def __call__(self, wire: str, seed: int) -> str:
        """What is wrong with a run, "" if nothing."""
        ran = self.start(wire, seed).finish()
        if ran.stderr or ran.returncode not in _REACHED:
            return f"exit {ran.returncode}: {ran.stderr.strip()}"
        found = read(ran)
        return _graph_fault(found, self.truth) or self.further(found)

    def start(self, wire: str, seed: int) -> Running:
        """Start to trace by a wire."""
        return start_at(
            self.namespace, self.host, "-n", "-j", *self.algorithm, *self.options,
            "--seed", str(seed), "--wire", wire,
            privileged=wire != "unprivileged" or self.is_root,
        )  # fmt: skip


def read(ran: Ran) -> Found:
    """What a run found."""
    return Found(json.loads(ran.stdout), ran.returncode, ran.stderr)


def of_lab(lab: Lab, version: int, *options: str) -> View:
    """The lab's target and truth."""
    true = behind_source(lab.truth(version))
    return View(lab.namespace("src"), str(TARGET[version]), true, options)


def without_privilege(view: Look, otherwise: Look) -> Look:
    """One view for ordinary sockets, and another for the other wires."""
    return lambda wire, seed: (view if wire == "unprivileged" else otherwise)(wire, seed)


def _graph_fault(found: Found, true: Truth) -> str:
    shown = behind_source(found.truth)
    # Routers without an address may share a TTL, and all answer from one.
    named = [v for v in found.document["graph"]["vertices"] if v["address"] != str(NOBODYS)]
    faults = {
        "vertices missing": len(true.vertices - shown.vertices),
        "false vertices": len(shown.vertices - true.vertices),
        "edges missing": len(true.edges - shown.edges),
        "false edges": len(shown.edges - true.edges),
        "vertices twice": len(named) - len({(v["ttl"], v["address"]) for v in named}),
    }
    return ", ".join(f"{number} {name}" for name, number in faults.items() if number)


def in_turn(views: Iterable[Look]) -> Look:
    """All of the views are right, or what is wrong with the first that is not."""
    several = tuple(views)
    return lambda wire, seed: next(filter(None, (view(wire, seed) for view in several)), "")


def nothing_lost(found: Found) -> str:
    """Each probe is answered."""
    run = found.document["run"]
    lost = run["probes_sent"] - run["answered"]
    return f"{lost} probes lost" if lost else ""


def promises_nothing(found: Found) -> str:
    """There is no bound on what was missed."""
    bound = found.document["certainty"]["miss_probability"]
    return "" if bound is None else f"promises {bound}"


def leaves_from(source: IPAddress) -> Callable[[Found], str]:
    """All leaves by one way, with this source."""

    def fault(found: Found) -> str:
        own = found.document["plan"]["source"]
        several = ways(found.document)
        return "" if own == str(source) and not several else f"from {own}, {len(several)} ways"

    return fault


def leaves_as_programs_do(
    lab: Lab, version: int, protocol: str, routers: Mapping[Way, IPAddress]
) -> Callable[[Found], str]:
    """Each flow takes the way of a plain socket with its ports, and meets the router behind it."""

    def fault(found: Found) -> str:
        plan, of_flow = found.document["plan"], ways(found.document)
        if set(of_flow.values()) != set(routers):
            return f"{len(set(of_flow.values()))} of {len(routers)} ways"
        for flow, responder in first_replies(found):
            if responder != routers[of_flow[flow]]:
                return f"flow {flow} left by another way than said"
        with programs(lab) as program:
            for flow, way in of_flow.items():
                ports = plan["sport"] + flow, plan["dport"]
                if not program.connect(version, _PROTOCOLS[protocol], ports).took(way):
                    return f"flow {flow} left by another way than a program's packets"
        return ""

    return fault


def with_few_files(view: Look, most: int = 64) -> Look:
    """The same by a process that may have no more files open."""

    def look(wire: str, seed: int) -> str:
        reading, writing = os.pipe()

        def work() -> int:
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
            os.write(writing, view(wire, seed).encode())
            return 0

        process_id = fork(work)
        os.close(writing)
        with os.fdopen(reading) as said:
            fault = said.read()
        _, status = os.waitpid(process_id, 0)
        return fault or (f"status {status}" if status else "")

    return look
