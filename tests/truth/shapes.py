"""Shapes of networks: chains, diamonds, meshes and branches of unequal length."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.truth.networks import DESTINATION, SOURCE, Building

if TYPE_CHECKING:
    from random import Random
    from typing import Any

    from tests.truth.networks import Keys

Lane = list[str]


def begin(random: Random) -> tuple[Building, str]:
    """A network of either IP version with a gateway or two, and the last of them."""
    build = Building(random.choice((4, 4, 4, 6)))
    return build, chain(build, random, SOURCE, random.randint(1, 2))


def delay(random: Random) -> float:
    """A delay in milliseconds, most often a short one."""
    return round(random.choice((1, 1, 5, 20)) * (0.5 + random.random()), 2)


def chain(build: Building, random: Random, near: str, length: int, **keys: Any) -> str:
    """Routers in a row behind `near`; the last of them."""
    for _ in range(length):
        near = build.router(near, delay_ms=delay(random), **keys)
    return near


def branches(build: Building, random: Random, near: str, lengths: list[int]) -> list[Lane]:
    """Branches of these lengths behind `near`, the routers of each in order."""
    lanes: list[Lane] = []
    for length in lengths:
        lane: Lane = []
        for _ in range(length):
            lane.append(build.router(lane[-1] if lane else near, delay_ms=delay(random)))
        lanes.append(lane)
    return lanes


def join(build: Building, random: Random, lanes: list[Lane]) -> str:
    """A router behind the last routers of all lanes."""
    return build.router(*(lane[-1] for lane in lanes), delay_ms=delay(random))


def mesh(build: Building, random: Random, lanes: list[Lane], chance: float) -> None:
    """Link neighbouring hops of lanes crosswise, each pair with this chance."""
    for near in lanes:
        for far in lanes:
            for place in range(min(len(near), len(far)) - 1):
                if near is not far and random.random() < chance:
                    build.link(near[place], far[place + 1])


def diamond(build: Building, random: Random, near: str, width: int, length: int = 1) -> str:
    """A diamond of equal branches behind `near`; the router where they meet."""
    return join(build, random, branches(build, random, near, [length] * width))


def end(build: Building, random: Random, near: str, hops: int | None = None) -> None:
    """A router or two, and the destination."""
    last = chain(build, random, near, random.randint(0, 2) if hops is None else hops)
    build.link(last, DESTINATION)


def probes(random: Random) -> tuple[str, ...]:
    """The options of a protocol."""
    return random.choice(((), (), ("-I",), ("-T",)))


def mda(random: Random) -> tuple[str, ...]:
    """The options of a multipath trace by some protocol."""
    return ("--mda", *probes(random))


def forked(
    random: Random, width: tuple[int, int] = (2, 4), length: tuple[int, int] = (1, 3)
) -> tuple[Building, list[Lane]]:
    """A network that begins, and branches of equal length."""
    build, near = begin(random)
    lengths = [random.randint(*length)] * random.randint(*width)
    return build, branches(build, random, near, lengths)


def some_router(build: Building, random: Random) -> Keys:
    """The keys of any router."""
    return build.nodes[random.choice(list(build.nodes))]
