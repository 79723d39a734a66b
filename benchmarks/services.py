"""Verdicts on services: how often ours is right, how soon, and what other programs say.

    python -m benchmarks.services [RUNS [VERSION [WORD...]]]

Needs root, and Debian's packages traceroute, tcptraceroute, lft, mtr-tiny, iputils-tracepath and
scamper; a peer that is not installed gets no column. Each situation of `tests.lab.situations` is
traced RUNS times (20 unless given) by raw and by ordinary sockets, five at a time, each time with
another seed and so with other ports: one path with `--diagnose`, and with `--mda` a firewall on one
branch of four. A run is right if the word, the state of the port, who is named, the exit status and
the causes are what the situation says. VERSION leaves out the other IP version, and WORDs the
services whose names have none of them. Prints a table in Markdown, and below it what was wrong.
Exits with 1 if anything was.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple

from benchmarks.service_peers import Question, installed, said
from tests.lab import netlab
from tests.lab.command import start_at
from tests.lab.situations import BRANCHES, PATHS, Told, arranged, on_one_branch, on_one_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tests.lab.netlab import Lab
    from tests.lab.situations import Situation

WIRES: Final = ("raw", "unprivileged")
_AT_ONCE: Final = 5
# A router that looks for a host keeps few packets, and returns no error for what it had to drop.
_ALONE: Final = "host down"
_OPEN_PING_SOCKETS: Final = {"net/ipv4/ping_group_range": "0 2147483647"}


class Part(NamedTuple):
    """Situations of a network, and the options by which they are traced."""

    about: str
    paths: Sequence[str]
    situations: Callable[[int], Sequence[Situation]]
    options: tuple[str, ...]

    @property
    def is_diagnosed(self) -> bool:
        """Whether control probes are sent."""
        return "--diagnose" in self.options


PARTS: Final = (
    Part("", PATHS, on_one_path, ("--diagnose",)),
    Part(
        "one branch of four: ", BRANCHES, on_one_branch, ("--mda", "-c", "99.99")
    ),
)  # fmt: skip


class Run(NamedTuple):
    """What is wrong with a run, "" if nothing, how long it took at most, and what it sent."""

    fault: str
    took_s: float
    most_per_hop: int
    controls: int


def main() -> int:
    """Run and print."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    versions = tuple(map(int, sys.argv[2:3])) or (4, 6)
    words = sys.argv[3:] or [""]
    peers = [name for name, version in installed().items() if version]
    print(f"Linux {os.uname().release.partition('-')[0]}; {runs} runs; ", end="")
    print(", ".join(f"{name} {installed()[name]}" for name in peers) + "\n")
    columns = ["service", "IP", "verdict", *WIRES, *peers]
    print(f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}", flush=True)
    faults: list[str] = []
    most_per_hop = controls = 0
    for version in versions:
        for part in PARTS:
            for cells, found in _rows(part, version, runs, peers, words):
                print(f"| {' | '.join(cells)} |", flush=True)
                faults += [f"{cells[0]}, IPv{version}: {run.fault}" for run in found if run.fault]
                controls = max(controls, *(run.controls for run in found))
                if part.is_diagnosed:
                    most_per_hop = max(most_per_hop, *(run.most_per_hop for run in found))
    print(f"\nAt most {most_per_hop} probes a hop on one path, and {controls} control probes.\n")
    print("\n".join(faults))
    return 1 if faults else 0


def _rows(
    part: Part, version: int, runs: int, peers: Sequence[str], words: Sequence[str]
) -> Iterator[tuple[list[str], list[Run]]]:
    every = part.situations(version)
    with netlab.lab(part.paths) as lab, arranged(lab, version, every):
        lab.set("src", _OPEN_PING_SOCKETS)
        nodes = {
            str(lab.address(node, other, version)): node
            for near, far in lab.links
            for node, other in ((near, far), (far, near))
        }
        for situation in every:
            if not any(word in f"{part.about}{situation.about}" for word in words):
                continue
            names = {**nodes, str(situation.host(version)): "host"}
            cells = [f"{part.about}{situation.about}", str(version), situation.said.word.value]
            found: list[Run] = []
            for wire in WIRES:
                by_wire = _runs(lab, version, situation, part, wire, runs)
                right = sum(not run.fault for run in by_wire)
                word = situation.by_wire(wire).word
                other = "" if word is situation.said.word else f"{word.value}: "
                cells.append(f"{other}{right}, {max(run.took_s for run in by_wire):.1f} s")
                found += by_wire
            question = Question(
                lab, version, str(situation.host(version)), situation.port, situation.is_udp
            )
            cells += [said(name, question, names) for name in peers]
            yield cells, found


def _runs(
    lab: Lab, version: int, situation: Situation, part: Part, wire: str, runs: int
) -> list[Run]:
    """Several runs, of which some are made at the same time."""
    found = []
    at_once = 1 if situation.about == _ALONE else _AT_ONCE
    for first in range(1, runs + 1, at_once):
        started = []
        for seed in range(first, min(first + at_once, runs + 1)):
            at_s = time.monotonic()
            running = start_at(
                lab.namespace("src"), str(situation.host(version)), "-n", "-j",
                *situation.options, *part.options, "--seed", str(seed), "--wire", wire,
                privileged=wire != "unprivileged",
            )  # fmt: skip
            started.append((at_s, seed, running))
        for at_s, seed, running in started:
            ran = running.finish()
            took_s = time.monotonic() - at_s
            document = json.loads(ran.stdout) if ran.stdout else {}
            told = Told.of(document, ran.returncode) if "verdict" in document else None
            is_right = told == situation.expected(lab, version, wire)
            fault = "" if is_right else f"{wire}, seed {seed}: {told}"
            sent = Counter(own["ttl"] for own in document.get("outcomes", ()))
            controls = sum(own["probes"] for own in document.get("controls", ()))
            found.append(Run(fault, took_s, max(sent.values(), default=0), controls))
    return found


if __name__ == "__main__":
    sys.exit(main())
