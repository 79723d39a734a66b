"""The classes of networks, a row each: a name, and what makes a network from random numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tests.truth.networks import DESTINATION
from tests.truth.shapes import begin, branches, chain, delay, diamond, end, join, mesh

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from tests.truth.networks import Building, Net
    from tests.truth.shapes import Lane


class Class(NamedTuple):
    """A class of networks. The promise is judged if splits are as it assumes (`is_even`)."""

    name: str
    make: Callable[[Random], Net]
    is_even: bool = True


def _probes(random: Random) -> tuple[str, ...]:
    return random.choice(((), (), ("-I",), ("-T",)))


def _mda(random: Random) -> tuple[str, ...]:
    return ("--mda", *_probes(random))


def _wide(random: Random) -> Net:
    build, near = begin(random)
    end(build, random, diamond(build, random, near, random.randint(2, 12), random.randint(1, 2)))
    return build.net(*_mda(random))


def _lite(random: Random) -> Net:
    build, lanes = _forked(random, width=(2, 5), length=(1, 3))
    if random.random() < 0.5:
        mesh(build, random, lanes, random.random())
    end(build, random, join(build, random, lanes))
    return build.net("--mda-lite", *_probes(random))


def _single(random: Random) -> Net:
    build, lanes = _forked(random)
    end(build, random, join(build, random, lanes))
    if random.random() < 0.5:
        _some_router(build, random)["loss"] = 0.5 * random.random()
    return build.net(*(_probes(random) or ("-U",)))


def _forked(
    random: Random, width: tuple[int, int] = (2, 4), length: tuple[int, int] = (1, 3)
) -> tuple[Building, list[Lane]]:
    """A network that begins, and branches of equal length."""
    build, near = begin(random)
    lengths = [random.randint(*length)] * random.randint(*width)
    return build, branches(build, random, near, lengths)


def _meshed(random: Random) -> Net:
    build, lanes = _forked(random, length=(2, 3))
    mesh(build, random, lanes, random.random())
    end(build, random, join(build, random, lanes))
    return build.net(*_mda(random))


def _series(random: Random) -> Net:
    build, near = begin(random)
    for _ in range(random.randint(2, 12)):
        near = diamond(build, random, near, random.choice((2, 2, 2, 3)))
    end(build, random, near, 0)
    return build.net(*_mda(random))


def _unequal(random: Random) -> Net:
    build, near = begin(random)
    lengths = [random.randint(1, 4) for _ in range(random.randint(2, 3))]
    end(build, random, join(build, random, branches(build, random, near, lengths)))
    return build.net(*_mda(random))


def _distances(random: Random) -> Net:
    """The destination is at several distances."""
    build, near = begin(random)
    lengths = [random.randint(1, 4) for _ in range(random.randint(2, 3))]
    for lane in branches(build, random, near, lengths):
        build.link(lane[-1], DESTINATION)
    return build.net(*_mda(random))


def _interfaces(random: Random) -> Net:
    build, lanes = _forked(random)
    joint = join(build, random, lanes)
    build.nodes[joint]["interfaces"] = [build.address() for _ in lanes]
    end(build, random, joint)
    return build.net(*_mda(random))


def _nested(random: Random) -> Net:
    build, lanes = _forked(random, width=(2, 3), length=(1, 1))
    inner = [diamond(build, random, lane[-1], random.randint(1, 3)) for lane in lanes]
    end(build, random, build.router(*inner, delay_ms=delay(random)))
    return build.net(*_mda(random))


def _some_router(build: Building, random: Random) -> dict[str, Any]:
    return build.nodes[random.choice(list(build.nodes))]


def _silent(random: Random) -> Net:
    build, lanes = _forked(random)
    end(build, random, join(build, random, lanes))
    for _ in range(random.randint(1, 2)):
        _some_router(build, random)["silent"] = True
    return build.net(*_mda(random))


def _silent_branch(random: Random) -> Net:
    build, lanes = _forked(random)
    end(build, random, join(build, random, lanes))
    for router in lanes[0]:
        build.nodes[router]["silent"] = True
    return build.net(*_mda(random))


def _silent_end(random: Random) -> Net:
    build, lanes = _forked(random)
    end(build, random, join(build, random, lanes))
    return build.net(*_mda(random), silent=True)


def _lossy(random: Random) -> Net:
    build, lanes = _forked(random)
    end(build, random, join(build, random, lanes))
    loss = round(random.choice((0.02, 0.1, 0.3, 0.5)) * random.random(), 3)
    for keys in build.nodes.values():
        keys["loss"] = loss
    return build.net(*_mda(random), loss=loss)


def _lossy_router(random: Random) -> Net:
    build, lanes = _forked(random)
    end(build, random, join(build, random, lanes))
    build.nodes[lanes[0][0]]["loss"] = round(0.5 * random.random(), 3)
    return build.net(*_mda(random))


def _lossy_branch(random: Random) -> Net:
    """One branch loses packets on their way through it, of all that go on behind it."""
    build, lanes = _forked(random)
    end(build, random, join(build, random, lanes))
    build.nodes[lanes[0][0]]["loses"] = round(0.05 + 0.45 * random.random(), 3)
    return build.net(*_mda(random))


def _silent_and_lossy(random: Random) -> Net:
    build, lanes = _forked(random)
    end(build, random, join(build, random, lanes))
    loss = round(0.3 * random.random(), 3)
    for keys in build.nodes.values():
        keys["loss"] = loss
    build.nodes[random.choice(random.choice(lanes))]["silent"] = True
    return build.net(*_mda(random), loss=loss)


def _dropping(random: Random) -> Net:
    """One branch drops all behind a router, which answers itself or not."""
    build, lanes = _forked(random)
    end(build, random, join(build, random, lanes))
    keys = build.nodes[random.choice(lanes[0])]
    keys["drops"] = True
    if random.random() < 0.5:
        keys["silent"] = True
    return build.net(*_mda(random))


def _limited(random: Random) -> Net:
    build, lanes = _forked(random)
    end(build, random, join(build, random, lanes))
    keys = build.nodes[random.choice(random.choice(lanes))]
    keys.update(rate_pps=random.choice((1, 2, 5, 10, 20, 50)), burst=random.randint(1, 10))
    return build.net(*_mda(random))


def _two_limited(random: Random) -> Net:
    build, lanes = _forked(random)
    end(build, random, join(build, random, lanes))
    for lane in lanes[:2]:
        build.nodes[lane[0]].update(rate_pps=1, burst=6)
    return build.net(*_mda(random))


def _limited_end(random: Random) -> Net:
    """The default of Linux hosts: icmp_ratelimit, one error per second after six at once."""
    build, lanes = _forked(random)
    end(build, random, join(build, random, lanes))
    return build.net("--mda", rate_pps=1, burst=6)


def _packets(random: Random) -> Net:
    build, near = begin(random)
    build.nodes[near]["balance"] = {"by": "packet"}
    lanes = branches(build, random, near, [random.randint(1, 3)] * random.randint(2, 3))
    end(build, random, join(build, random, lanes))
    return build.net(*_mda(random))


_REFUSALS: Final = {4: (0, 1, 9, 10, 13), 6: (0, 1, 3, 5, 6)}


def _refusing(random: Random, key: str, *, is_branch: bool) -> Net:
    build, lanes = _forked(random)
    joint = join(build, random, lanes)
    end(build, random, joint)
    refusing = random.choice(lanes[0]) if is_branch else joint
    build.nodes[refusing][key] = random.choice(_REFUSALS[build.version])
    return build.net(*_mda(random))


def _down(random: Random) -> Net:
    build, lanes = _forked(random)
    end(build, random, join(build, random, lanes))
    return build.net(*_mda(random), down_after_ms=3000)


def _rewriting(random: Random) -> Net:
    build, lanes = _forked(random)
    joint = join(build, random, lanes)
    end(build, random, joint, random.randint(1, 2))
    build.nodes[random.choice((joint, lanes[0][0]))]["rewrites_source"] = build.nat_address
    return build.net(*_mda(random))


def _masking(random: Random) -> Net:
    """Behind a DNAT, all routers seem to reply from the destination's address."""
    build, lanes = _forked(random)
    joint = join(build, random, lanes)
    build.nodes[joint]["masks"] = True
    end(build, random, joint, random.randint(1, 3))
    return build.net(*_mda(random))


def _passing_expired(random: Random) -> Net:
    build, lanes = _forked(random)
    joint = chain(build, random, join(build, random, lanes), 1)
    end(build, random, joint)
    passing = random.choice((joint, lanes[0][0]))
    build.nodes[passing]["passes_expired"] = True
    return build.net(*_mda(random))


def _uneven(random: Random) -> Net:
    build, lanes = _forked(random)
    (before,) = {near for near, far in build.links if far == lanes[0][0]}
    weights = {lane[0]: random.randint(1, 4) for lane in lanes}
    build.nodes[before]["balance"] = {"weights": weights}
    end(build, random, join(build, random, lanes))
    least = 100 * min(weights.values()) / sum(weights.values())
    return build.net("--mda", "--min-share", f"{least:.3g}")


CLASSES: Final = {
    row.name: row
    for row in (
        Class("wide diamonds", _wide),
        Class("meshes", _meshed),
        Class("nested", _nested),
        Class("series up to twelve", _series),
        Class("branches of unequal length", _unequal),
        Class("destination at several distances", _distances),
        Class("several interfaces", _interfaces),
        Class("uneven, --min-share", _uneven),
        Class("MDA-Lite", _lite),
        Class("single flow", _single),
        Class("silent routers", _silent),
        Class("a silent branch", _silent_branch),
        Class("silent destination", _silent_end),
        Class("loss everywhere", _lossy),
        Class("a router that loses replies", _lossy_router),
        Class("a branch that loses packets", _lossy_branch),
        Class("silence and loss", _silent_and_lossy),
        Class("a branch that drops all", _dropping),
        Class("a limited router", _limited),
        Class("two routers, one reply per second", _two_limited),
        Class("limited destination", _limited_end),
        Class("per-packet balancers", _packets),
        Class("prohibition", lambda random: _refusing(random, "prohibits", is_branch=False)),
        Class(
            "prohibition in a branch", lambda random: _refusing(random, "prohibits", is_branch=True)
        ),
        Class(
            "refusal after the TTL check",
            lambda random: _refusing(random, "refuses", is_branch=False),
        ),
        Class("refusal in a branch", lambda random: _refusing(random, "refuses", is_branch=True)),
        Class("a host that is down", _down),
        Class("source NAT", _rewriting),
        Class("destination NAT", _masking),
        Class("expired packets passed on", _passing_expired),
    )
}
