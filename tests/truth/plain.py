"""Networks in which every router does its duty, of many shapes, and ways to trace them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.truth.networks import DESTINATION
from tests.truth.shapes import (
    begin,
    branches,
    delay,
    diamond,
    end,
    forked,
    join,
    mda,
    mesh,
    probes,
    some_router,
)

if TYPE_CHECKING:
    from random import Random

    from tests.truth.networks import Net


def wide(random: Random) -> Net:
    """A single diamond, up to twelve wide."""
    build, near = begin(random)
    end(build, random, diamond(build, random, near, random.randint(2, 12), random.randint(1, 2)))
    return build.net(*mda(random))


def meshed(random: Random) -> Net:
    """Branches that cross."""
    build, lanes = forked(random, length=(2, 3))
    mesh(build, random, lanes, random.random())
    end(build, random, join(build, random, lanes))
    return build.net(*mda(random))


def nested(random: Random) -> Net:
    """Diamonds in the branches of another."""
    build, lanes = forked(random, width=(2, 3), length=(1, 1))
    inner = [diamond(build, random, lane[-1], random.randint(1, 3)) for lane in lanes]
    end(build, random, build.router(*inner, delay_ms=delay(random)))
    return build.net(*mda(random))


def series(random: Random) -> Net:
    """Up to twelve diamonds, one behind the other."""
    build, near = begin(random)
    for _ in range(random.randint(2, 12)):
        near = diamond(build, random, near, random.choice((2, 2, 2, 3)))
    end(build, random, near, 0)
    return build.net(*mda(random))


def unequal(random: Random) -> Net:
    """Branches of unequal length that meet again."""
    build, near = begin(random)
    lengths = [random.randint(1, 4) for _ in range(random.randint(2, 3))]
    end(build, random, join(build, random, branches(build, random, near, lengths)))
    return build.net(*mda(random))


def distances(random: Random) -> Net:
    """The destination is at several distances."""
    build, near = begin(random)
    lengths = [random.randint(1, 4) for _ in range(random.randint(2, 3))]
    for lane in branches(build, random, near, lengths):
        build.link(lane[-1], DESTINATION)
    return build.net(*mda(random))


def interfaces(random: Random) -> Net:
    """Routers that reply from the interface that a probe came in by."""
    build, lanes = forked(random)
    joint = join(build, random, lanes)
    build.nodes[joint]["interfaces"] = [build.address() for _ in lanes]
    end(build, random, joint)
    return build.net(*mda(random))


def uneven(random: Random) -> Net:
    """Uneven splits, probed down to the smallest share."""
    build, lanes = forked(random)
    (before,) = {near for near, far in build.links if far == lanes[0][0]}
    weights = {lane[0]: random.randint(1, 2) for lane in lanes}
    build.nodes[before]["balance"] = {"weights": weights}
    end(build, random, join(build, random, lanes))
    least = 100 * min(weights.values()) / sum(weights.values())
    return build.net("--mda", "--min-share", f"{least:.3g}")


def lite(random: Random) -> Net:
    """Any unweighted diamond, by MDA-Lite."""
    build, lanes = forked(random, width=(2, 5), length=(1, 3))
    if random.random() < 0.5:
        mesh(build, random, lanes, random.random())
    end(build, random, join(build, random, lanes))
    return build.net("--mda-lite", *probes(random))


def single(random: Random) -> Net:
    """One flow, with or without loss."""
    build, lanes = forked(random)
    end(build, random, join(build, random, lanes))
    if random.random() < 0.5:
        some_router(build, random)["loss"] = 0.5 * random.random()
    return build.net(*(probes(random) or ("-U",)))


_HASHED: Final = (
    ["source", "destination", "protocol", "sport", "dport"],
    ["sport", "dport"],
    ["sport"],
    ["source", "destination", "sport", "dport", "traffic-class"],
)


def classified(random: Random) -> Net:
    """Balancers of several kinds, each to be named."""
    build, near = begin(random)
    for _ in range(2):
        balance = {"fields": random.choice(_HASHED)}
        build.nodes[near]["balance"] = {"by": "packet"} if random.random() < 0.2 else balance
        near = diamond(build, random, near, random.randint(2, 3))
    end(build, random, near, 1)
    return build.net("--classify", *random.choice(((), ("-T",))))
