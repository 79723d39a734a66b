"""Networks with trouble: silence, loss, drops, limits, refusals, NATs and more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.truth.shapes import (
    begin,
    branches,
    chain,
    diamond,
    end,
    forked,
    join,
    mda,
    mesh,
    some_router,
)

if TYPE_CHECKING:
    from random import Random

    from tests.truth.networks import Net


def silent(random: Random) -> Net:
    """One or two routers that never reply."""
    build, lanes = forked(random)
    end(build, random, join(build, random, lanes))
    for _ in range(random.randint(1, 2)):
        some_router(build, random)["silent"] = True
    return build.net(*mda(random))


def silent_branch(random: Random) -> Net:
    """A branch of silent routers."""
    build, lanes = forked(random)
    end(build, random, join(build, random, lanes))
    for router in lanes[0]:
        build.nodes[router]["silent"] = True
    return build.net(*mda(random))


def silent_end(random: Random) -> Net:
    """A destination that never replies."""
    build, lanes = forked(random)
    end(build, random, join(build, random, lanes))
    return build.net(*mda(random), silent=True)


def lossy(random: Random) -> Net:
    """The same loss at every router."""
    build, lanes = forked(random)
    end(build, random, join(build, random, lanes))
    loss = round(random.choice((0.02, 0.1, 0.3, 0.5)) * random.random(), 3)
    for keys in build.nodes.values():
        keys["loss"] = loss
    return build.net(*mda(random), loss=loss)


def lossy_router(random: Random) -> Net:
    """One router of a branch loses replies."""
    build, lanes = forked(random)
    end(build, random, join(build, random, lanes))
    build.nodes[lanes[0][0]]["loss"] = round(0.5 * random.random(), 3)
    return build.net(*mda(random))


def lossy_branch(random: Random) -> Net:
    """One branch loses packets on their way through it, of all that go on behind it."""
    build, lanes = forked(random)
    end(build, random, join(build, random, lanes))
    build.nodes[lanes[0][0]]["loses"] = round(0.05 + 0.45 * random.random(), 3)
    return build.net(*mda(random))


def silent_and_lossy(random: Random) -> Net:
    """A silent router where all others lose replies."""
    build, lanes = forked(random)
    end(build, random, join(build, random, lanes))
    loss = round(0.3 * random.random(), 3)
    for keys in build.nodes.values():
        keys["loss"] = loss
    build.nodes[random.choice(random.choice(lanes))]["silent"] = True
    return build.net(*mda(random), loss=loss)


def dropping(random: Random) -> Net:
    """One branch drops all behind a router, which answers itself or not."""
    build, lanes = forked(random)
    end(build, random, join(build, random, lanes))
    keys = build.nodes[random.choice(lanes[0])]
    keys["drops"] = True
    if random.random() < 0.5:
        keys["silent"] = True
    return build.net(*mda(random))


def limited(random: Random) -> Net:
    """One router limits its replies."""
    build, lanes = forked(random)
    end(build, random, join(build, random, lanes))
    keys = build.nodes[random.choice(random.choice(lanes))]
    keys.update(rate_pps=random.choice((1, 2, 5, 10, 20, 50)), burst=random.randint(1, 10))
    return build.net(*mda(random))


def two_limited(random: Random) -> Net:
    """The first routers of two branches reply once per second."""
    build, lanes = forked(random)
    end(build, random, join(build, random, lanes))
    for lane in lanes[:2]:
        build.nodes[lane[0]].update(rate_pps=1, burst=6)
    return build.net(*mda(random))


def limited_end(random: Random) -> Net:
    """The default of Linux hosts: icmp_ratelimit, one error per second after six at once."""
    build, lanes = forked(random)
    end(build, random, join(build, random, lanes))
    return build.net("--mda", rate_pps=1, burst=6)


def compared(random: Random) -> Net:
    """Two routers limit their replies, which several protocols share."""
    build, lanes = forked(random)
    end(build, random, join(build, random, lanes))
    for router in random.sample(sorted(build.nodes), 2):
        build.nodes[router].update(
            rate_pps=random.choice((2, 5, 10, 20)), burst=random.randint(1, 10)
        )
    return build.net("--mda", "--compare", "udp,tcp/443,icmp")


def packets(random: Random) -> Net:
    """A per-packet balancer."""
    build, near = begin(random)
    build.nodes[near]["balance"] = {"by": "packet"}
    lanes = branches(build, random, near, [random.randint(1, 3)] * random.randint(2, 3))
    end(build, random, join(build, random, lanes))
    return build.net(*mda(random))


_REFUSALS: Final = {4: (0, 1, 9, 10, 13), 6: (0, 1, 3, 5, 6)}


def refusing(random: Random, key: str) -> Net:
    """A router that refuses, by this key, where branches have met."""
    build, lanes = forked(random)
    joint = join(build, random, lanes)
    end(build, random, joint)
    build.nodes[joint][key] = random.choice(_REFUSALS[build.version])
    return build.net(*mda(random))


def refusing_branch(random: Random, key: str) -> Net:
    """A router that refuses, by this key, in one of the branches."""
    build, lanes = forked(random)
    end(build, random, join(build, random, lanes))
    build.nodes[random.choice(lanes[0])][key] = random.choice(_REFUSALS[build.version])
    return build.net(*mda(random))


def down(random: Random) -> Net:
    """A host that is down, as the router before it reports after three seconds."""
    build, lanes = forked(random)
    end(build, random, join(build, random, lanes))
    return build.net(*mda(random), down_after_ms=3000)


def rewriting(random: Random) -> Net:
    """A NAT that rewrites the source."""
    build, lanes = forked(random)
    joint = join(build, random, lanes)
    end(build, random, joint, random.randint(1, 2))
    build.nodes[random.choice((joint, lanes[0][0]))]["rewrites_source"] = build.nat_address
    return build.net(*mda(random))


def masking(random: Random) -> Net:
    """Behind a DNAT, all routers seem to reply from the destination's address."""
    build, lanes = forked(random)
    joint = join(build, random, lanes)
    build.nodes[joint]["masks"] = True
    end(build, random, joint, random.randint(1, 3))
    return build.net(*mda(random))


def passing_expired(random: Random) -> Net:
    """A router that forwards expired packets."""
    build, lanes = forked(random)
    joint = chain(build, random, join(build, random, lanes), 1)
    end(build, random, joint)
    passing = random.choice((joint, lanes[0][0]))
    build.nodes[passing]["passes_expired"] = True
    return build.net(*mda(random))


def counting_twice(random: Random) -> Net:
    """A router that lowers the TTL by two, and so replies at two hops."""
    build, lanes = forked(random)
    joint = join(build, random, lanes)
    end(build, random, joint)
    build.nodes[random.choice((joint, lanes[0][0]))]["counts_twice"] = True
    return build.net(*mda(random))


def duplicating(random: Random) -> Net:
    """Replies that arrive twice."""
    build, lanes = forked(random)
    end(build, random, join(build, random, lanes))
    for keys in build.nodes.values():
        keys["duplicates"] = round(random.random(), 2)
    return build.net(*mda(random), duplicates=0.5)


def replying(random: Random) -> Net:
    """A router that balances its replies, beside or between routers that balance what they forward.

    Some routers' replies leave with another TTL.
    """
    build, near = begin(random)
    middle = join(build, random, branches(build, random, near, [random.randint(1, 2)] * 2))
    lanes = branches(build, random, middle, [random.randint(1, 3)] * random.randint(1, 3))
    end(build, random, join(build, random, lanes))
    keys = build.nodes[random.choice((near, middle, random.choice(lanes[0])))]
    keys["interfaces"] += [build.address() for _ in range(random.randint(1, 2))]
    keys["way_back"] = random.choice(("flow", "flow", "packet"))
    for router in build.nodes.values():
        if random.random() < 0.2:
            router["initial_ttl"] = 64
    return build.net(*random.choice((("--classify",), ("--classify", "-T"), mda(random))))


def mixed(random: Random) -> Net:
    """Several troubles at once, each at any router."""
    build, lanes = forked(random, width=(2, 3), length=(1, 3))
    if random.random() < 0.3:
        mesh(build, random, lanes, 0.5)
    joint = diamond(build, random, join(build, random, lanes), random.randint(1, 3))
    end(build, random, joint)
    for _ in range(random.randint(1, 3)):
        trouble = random.choice(
            (
                {"silent": True},
                {"loss": round(0.4 * random.random(), 3)},
                {"loses": round(0.3 * random.random(), 3)},
                {"rate_pps": 10, "burst": 5},
                {"drops": True},
                {"prohibits": 1},
                {"balance": {"by": "packet"}},
            )
        )
        some_router(build, random).update(trouble)
    return build.net(*mda(random))
