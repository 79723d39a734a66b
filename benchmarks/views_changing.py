"""What routers do to packets on the way: they rewrite headers, take no long packets, or move."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from benchmarks import views
from tests.lab import netlab
from tests.lab.netlab import TARGET
from tests.lab.test_changes import CLASS, FAMILY, FORWARD, changes
from tests.lab.test_mtu import OPEN_PING_SOCKETS, narrow_branch, silence
from tests.lab.translating import translate_statelessly
from tests.support.translation import NAT
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.views import Look
    from tests.lab.command import Found
    from tests.lab.netlab import Lab

Stated = tuple[str, str, str, str, str]  # see `changes`
_BY_RULE: Final = {
    "dscp set cs1": ("dscp", "r3", "r4", "46", "8"),
    "ecn set not-ect": ("ecn", "r3", "r4", "2", "0"),
}
_WATCH: Final = ("--watch", "0.25", "--count", "110", "--jsonl")
_STEADY: Final = 80  # rounds before the path moves: 20 seconds
_SOON_S: Final = 2.0  # after the last steady round, until when a move must be dated


@contextmanager
def unchanged(version: int, protocol: str) -> Iterator[Look]:
    """Nobody rewrites anything."""
    with netlab.lab(netlab.plain(4)) as lab:
        yield _stating(lab, version, protocol, [])


@contextmanager
def rewritten(version: int, protocol: str, *, rule: str) -> Iterator[Look]:
    """The third router rewrites a field of the IP header by a rule of nftables."""
    with netlab.lab(netlab.plain(4)) as lab:
        lab.rules("r3", FORWARD, f"{FAMILY[version]} {rule}")
        yield _stating(lab, version, protocol, [_BY_RULE[rule]])


@contextmanager
def translated_statelessly(version: int, protocol: str) -> Iterator[Look]:
    """The first router translates our source, and restores no quote."""
    with netlab.lab(netlab.plain(4)) as lab:
        translate_statelessly(lab, "r1", version)
        new = ("source", "r1", "r2", str(lab.source(version)), str(NAT[version]))
        yield _stating(lab, version, protocol, [new])


def _stating(lab: Lab, version: int, protocol: str, true: list[Stated]) -> Look:
    """These changes are stated, and no others; ordinary sockets see none."""
    lab.set("src", OPEN_PING_SOCKETS)

    def fault(found: Found, expected: list[Stated]) -> str:
        stated = changes(found, lab, version)
        return "" if stated == expected else f"stated {stated}"

    view = views.of_lab(lab, version, protocol, "-t", str(CLASS))
    return views.without_privilege(
        replace(view, further=lambda found: fault(found, [])),
        replace(view, further=lambda found: fault(found, true)),
    )


@contextmanager
def narrow(version: int, protocol: str, *, is_silent: bool) -> Iterator[Look]:
    """One of four branches takes no more than 1400 bytes, and says so or not."""
    with narrow_branch() as lab:
        if is_silent:
            silence(lab)
        near, far = f"{lab.shown('lb', 'a2', version)}@3", f"{lab.shown('a2', 'joint', version)}@4"
        said_by = [] if is_silent else [near.removesuffix("@3")]

        def fault(found: Found) -> str:
            mtu = found.document["mtu"]
            of_paths = sorted(path["mtu"] for path in mtu["paths"])
            links = [
                (own["from"], own["to"], own["mtu"], own["before"], own["said_by"],
                 own["black_hole_probability"] is not None)
                for own in mtu["links"]
            ]  # fmt: skip
            is_right = of_paths == [1400, 1500, 1500, 1500] and links == [
                (near, far, 1400, 1500, said_by, is_silent)
            ]
            return "" if is_right else f"paths {of_paths}, links {links}"

        yield replace(views.of_lab(lab, version, protocol, "--mtu"), further=fault)


@contextmanager
def moving(version: int, protocol: str) -> Iterator[Look]:
    """The flows of one branch move to the other after 20 seconds of a watch."""
    with netlab.lab(netlab.diamond(2)) as lab, TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)  # for nobody as well
        view = views.of_lab(lab, version, protocol)
        a1, a2 = (str(lab.shown("lb", node, version)) for node in ("a1", "a2"))

        def look(wire: str, seed: int) -> str:
            lines = Path(folder) / f"{wire}-{seed}.jsonl"
            running = replace(view, options=(*view.options, *_WATCH, str(lines))).start(wire, seed)
            wait_until(lambda: len(_rounds(lines)) >= _STEADY)
            steady_s = _rounds(lines)[-1]["at_s"]
            lab.reroute("lb", "a2", version)
            found = views.read(running.finish()).document["rounds"]["changes"]
            lab.ip("lb", f"route del {TARGET[version]}", version=version)
            stated = [
                (own["before"]["address"], own["after"]["address"])
                for own in found
                if own["ttl"] == 3 and steady_s <= own["first_s"] <= steady_s + _SOON_S
            ]
            return "" if stated == [(a1, a2)] else f"moved after {steady_s}, stated {found}"

        yield look


def _rounds(lines: Path) -> list[Any]:
    """The rounds that a watch has written down so far."""
    written = lines.read_text() if lines.exists() else ""
    whole = [line for line in written.splitlines(keepends=True) if line.endswith("\n")]
    return [own for own in map(json.loads, whole) if own["type"] == "round"]
