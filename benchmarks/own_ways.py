"""Ways out of this machine, and headers that it adds: which programs see what a connection does.

    python -m benchmarks.own_ways [RUNS]

Needs root, Linux 6.16, and Debian's packages traceroute, scamper and mtr-tiny; a peer that is not
installed gets no column. Each program runs RUNS times (4 unless given) in each network, and a cell
with more than one result counts them. Prints a table in Markdown. Exits with 1 where one of our
wires shows anything but what the documents promise.
"""

from __future__ import annotations

import os
import select
import socket
import sys
from collections import Counter
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

from benchmarks.own_networks import CASES, PORT, Case, Judge, Setting, Ways
from benchmarks.tracers import FIRST_PORT, OURS, TRACERS, Shown, versions
from tests.lab.namespaces import inside_namespace
from tests.lab.programs import programs

if TYPE_CHECKING:
    from mda.model import IPAddress

_PROGRAM_PORTS: Final = range(FIRST_PORT, FIRST_PORT + 32)
_SILENCE_S: Final = 1.0


def _program(setting: Setting) -> str:
    """What an ordinary program's packets do, for 32 source ports."""
    said = []
    if isinstance(setting.judge, Ways):
        said.append(setting.judge.words(_taken(setting, setting.judge) | {setting.judge.end}))
    became = _became(setting)
    said += [f"{number} {what}" for what, number in became.items()]
    return ", ".join(said)


def _taken(setting: Setting, ways: Ways) -> frozenset[IPAddress]:
    """The first routers of the ways that connections take, as a capture shows them."""
    routers = set()
    with programs(setting.task.lab) as program:
        for port in _PROGRAM_PORTS:
            seen = program.connect(
                setting.task.version, "udp", (port, PORT), setting.source, setting.mark
            )
            routers |= {choice.router for choice in ways.choices if seen.took(choice.way)}
    return frozenset(routers)


def _became(setting: Setting) -> Counter[str]:
    """How many connected UDP sockets get an answer (or "port unreachable"), and the others."""
    counted = Counter(dict.fromkeys(("answered", "unanswered", "refused here"), 0))
    with inside_namespace(setting.task.lab.namespace("src")), ExitStack() as opened:
        ((family, kind, _, _, address),) = socket.getaddrinfo(
            setting.task.target, PORT, type=socket.SOCK_DGRAM
        )
        waiting = []
        for port in _PROGRAM_PORTS:
            program = opened.enter_context(socket.socket(family, kind))
            program.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, setting.mark)
            program.bind((setting.source, port))
            program.connect(address)
            try:
                program.send(b"x")
            except PermissionError:
                counted["refused here"] += 1
            else:
                waiting.append(program)
        while waiting and (heard := select.select(waiting, [], [], _SILENCE_S)[0]):
            counted["answered"] += len(heard)
            waiting = [program for program in waiting if program not in heard]
    counted["unanswered"] += len(waiting)
    return +counted


def _cell(judge: Judge, shown: Shown) -> str:
    words = judge.words(shown.addresses)
    if not shown.complaint:
        return words
    return f"{words}, then an error" if shown.addresses else "refused to run"


def _row(case: Case, version: int, runs: int) -> bool:
    """Print a row; whether our cells are what the documents say."""
    with case.setting(version) as setting:
        cells = [case.about, str(version), _program(setting)]
        is_good = True
        for name, trace in TRACERS.items():
            results = Counter(
                _cell(setting.judge, trace(setting.task, run)) for run in range(1, runs + 1)
            )
            (first, count), *others = results.most_common()
            several = [f"{words} ({number})" for words, number in ((first, count), *others)]
            cell = "; ".join(several) if others else first
            if name in OURS:
                promise = case.promises(name)
                is_good &= cell == promise
                cell = cell if cell == promise else f"**{cell}**"
            cells.append(cell)
    print(f"| {' | '.join(cells)} |", flush=True)
    return is_good


def main() -> int:
    """Run and print."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 4
    columns = ["case", "IP", "an ordinary program", *TRACERS]
    print(f"Linux {os.uname().release.partition('-')[0]}, {versions()}; {runs} runs\n")
    print(f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
    rows = [_row(case, version, runs) for case in CASES for version in case.ip_versions]
    return 0 if all(rows) else 1


if __name__ == "__main__":
    sys.exit(main())
