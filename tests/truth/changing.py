"""Networks that change packets on the way: rewritten headers, tunnels, longer ways back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.truth.shapes import chain, end, forked, join, mda, some_router

if TYPE_CHECKING:
    from random import Random

    from tests.truth.networks import Building, Net

_CLASS = ("-t", "186")  # DSCP 46 and ECT(0)


def rewriting_class(random: Random) -> Net:
    """Up to three routers that set the DSCP, ECN or label, and perhaps a NAT and a silent one."""
    build, lanes = forked(random)
    end(build, random, join(build, random, lanes))
    for _ in range(random.randint(1, 3)):
        deed = random.choice((
            {"sets_dscp": random.choice((0, 10, 46))}, {"sets_ecn": random.randint(0, 3)},
            *([{"sets_flow_label": random.randint(1, 9)}] if build.version == 6 else []),
        ))  # fmt: skip
        some_router(build, random).update(deed)
    if random.random() < 0.3:
        some_router(build, random)["rewrites_source"] = build.nat_address
    return build.net(*mda(random), *_CLASS, **_trouble(build, random))


def tunnelled(random: Random) -> Net:
    """Routers in a row that quote labels, TTLs that count up, or one TTL that jumps."""
    build, lanes = forked(random)
    near = chain(build, random, join(build, random, lanes), 1)
    for place in range(random.randint(1, 3)):
        near = build.router(near, delay_ms=1)
        build.nodes[near].update(
            {"quotes_ttl": place + 2} if random.random() < 0.5 else {"mpls": [16 + place]}
        )
    if "mpls" in build.nodes[near] and random.random() < 0.5:
        build.nodes[near]["label_ttl"] = random.choice((2, 200, 252))
    near = chain(build, random, near, 1)
    if random.random() < 0.3:
        build.nodes[near]["quotes_ttl"] = random.choice((5, 250))
    end(build, random, near)
    return build.net(*mda(random), *_CLASS, **_trouble(build, random))


def longer_back(random: Random) -> Net:
    """Routers whose replies come back over more links: one, or all from one on, with the host."""
    build, lanes = forked(random)
    end(build, random, join(build, random, lanes))
    names = list(build.nodes)
    first = random.randrange(len(names))
    links = random.randint(1, 9)
    are_all = random.random() < 0.5
    for name in names[first:] if are_all else names[first : first + 1]:
        build.nodes[name]["longer_back"] = links
    of_host = {"longer_back": links} if are_all else {}
    return build.net(*mda(random), *_CLASS, **of_host, **_trouble(build, random))


def raising(random: Random) -> Net:
    """A router that sets the TTL as the end of a tunnel does, so that those behind it hide."""
    build, lanes = forked(random)
    near = join(build, random, lanes)
    end(build, random, near, random.randint(0, 4))
    setting = build.nodes[random.choice([near, *list(build.nodes)[-3:]])]
    setting["sets_ttl"] = random.choice((255, 200, 64))
    return build.net(*mda(random), **_trouble(build, random))


def narrow(random: Random, key: str = "") -> Net:
    """Routers behind which less fits; with a `key`, they drop what does not without a word."""
    build, lanes = forked(random)
    joint = join(build, random, lanes)
    end(build, random, chain(build, random, joint, 1))
    mtu = random.choice((1280, 1400, 1492))
    routers = [random.choice(lanes[0])] if random.random() < 0.7 else [joint]
    if not key and random.random() < 0.3:
        routers.append(list(build.nodes)[-1])
    for narrower, router in enumerate(routers):
        build.nodes[router]["mtu"] = mtu - 20 * narrower
        if key:
            build.nodes[router][key] = True
    version = random.choice(((), ("-I",)))
    return build.net("--mtu", *version, **_trouble(build, random))


def _trouble(build: Building, random: Random) -> dict[str, float]:
    """Sometimes a silent router, and sometimes losses; the keys of the destination."""
    if random.random() < 0.3:
        some_router(build, random)["silent"] = True
    if random.random() < 0.7:
        return {}
    for keys in build.nodes.values():
        keys["loss"] = 0.05
    return {"loss": 0.05}
