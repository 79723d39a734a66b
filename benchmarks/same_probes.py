"""Whether two checkouts send the same probes, in the same order, through random networks.

    python -m benchmarks.same_probes CHECKOUT [NETWORKS]

Each network is played with random settings, loss, silence and balancers, in waves of all sizes,
and with outcomes that arrive late and out of order. Each checkout plays it in its own process.
Exits with 1 if the probes of any network differ.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from mda.model import Loss, Reply, ReplyKind
from tests.support.drive import Layers, full_mda, interface

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from ipaddress import IPv4Address

    from mda.explore.explorer import Explorer
    from mda.model import Outcome, ProbeRequest
    from tests.support.drive import Network

_WIDTHS = (1, 1, 1, 2, 2, 3, 4, 6, 9, 16)
_MOST_ROUNDS = 20_000


def main() -> int:
    """Play and compare, or print the digests of this checkout."""
    if sys.argv[1] == "--play":
        for seed in range(int(sys.argv[2])):
            print(digest(seed), flush=True)
        return 0
    networks = sys.argv[2] if len(sys.argv) > 2 else "200"
    checkouts = [Path(__file__).parents[1], Path(sys.argv[1])]
    players = [
        subprocess.Popen(
            [sys.executable, "-P", __file__, "--play", networks],
            stdout=subprocess.PIPE, text=True, cwd=checkout,
            env={**os.environ, "PYTHONPATH": str(checkout)},
        )
        for checkout in checkouts
    ]  # fmt: skip
    ours, others = (player.communicate()[0].splitlines() for player in players)
    differ = [seed for seed, pair in enumerate(zip(ours, others, strict=True)) if len({*pair}) > 1]
    probes = sum(int(line.split()[0]) for line in ours)
    print(f"{len(ours)} networks, {probes} probes: {len(differ)} networks differ {differ or ''}")
    return 1 if differ or len(ours) != int(networks) else 0


def digest(seed: int) -> str:
    """How many probes a network gets, and a digest of them in their order."""
    random = Random(seed)
    layers = _network(random)
    is_per_packet = random.random() < 0.1
    network = (layers.per_packet if is_per_packet else layers.per_flow)(Random(seed))
    room = random.choice([1, 3, 17, 64, 64, 300, 1_000_000])
    explorer = full_mda(
        per_vertex=random.random() < 0.5,
        min_share=random.choice([None, None, 0.3, 0.1, 0.05] if room > 3 else [None, 0.3]),
        lite=random.random() < 0.25,
        spread=random.choice([0, 0, 4]),
        flows=random.choice([50_000, 50_000, 400, 40]),
        failure_probability=random.choice([0.05, 0.01, 0.2]),
    )
    late = Random(seed) if random.random() < 0.5 else None
    requests = _requests(
        explorer, network, _lost(layers, random), room, late, random.random() < 0.7
    )
    return f"{len(requests)} {hashlib.sha256(repr(requests).encode()).hexdigest()}"


def _network(random: Random) -> Layers:
    """Hops of random widths, some of them meshed or uneven, some with a way around a hop."""
    widths = [1, *random.choices(_WIDTHS, k=random.randint(2, 8)), 1]
    numbers = itertools.count(1)
    hops = [[interface(next(numbers)) for _ in range(width)] for width in widths]
    successors: dict[IPv4Address, list[IPv4Address]] = {}
    for near, far in itertools.pairwise(hops):
        is_meshed = random.random() < 0.3
        for vertex in near:
            after = far if is_meshed else random.sample(far, random.randint(1, len(far)))
            heavier = after[:1] * random.randint(1, 3) if random.random() < 0.2 else []
            successors[vertex] = [*after, *heavier]
        for vertex in far:
            if not any(vertex in successors[before] for before in near):
                successors[random.choice(near)].append(vertex)
    if random.random() < 0.25:
        at = random.randrange(1, len(hops) - 2)
        successors[random.choice(hops[at])].append(random.choice(hops[at + 2]))
    return Layers(hops[0][0], successors)


def _lost(layers: Layers, random: Random) -> Callable[[ProbeRequest, IPv4Address], bool]:
    """Which answers are lost: none, some of all, or all or half of those of one router."""
    kind = random.random()
    router = random.choice(sorted(layers.successors))
    draws = Random(random.random())
    if kind < 0.2:
        share = random.choice([0.02, 0.1, 0.3])
        return lambda _, __: draws.random() < share
    if kind < 0.35:
        return lambda _, responder: responder == router
    if kind < 0.42:
        return lambda _, responder: responder == router and draws.random() < 0.5
    return lambda _, __: False


def _requests(
    explorer: Explorer,
    network: Network,
    is_lost: Callable[[ProbeRequest, IPv4Address], bool],
    room: int,
    late: Random | None,
    quotes: bool,  # noqa: FBT001
) -> list[ProbeRequest]:
    """Every request in order; with `late`, outcomes come in a random order and number per round."""
    requests: list[ProbeRequest] = []
    flying: list[ProbeRequest] = []
    for played in range(_MOST_ROUNDS):
        wave = explorer.wanted(room)
        requests += wave
        flying += wave
        if not flying:
            if not explorer.finished:
                raise RuntimeError("nothing is wanted and nothing in flight, yet not finished")
            return requests
        arriving = len(flying)
        if late is not None:
            late.shuffle(flying)
            arriving = late.randint(1, len(flying))
        for place, request in enumerate(flying[:arriving]):
            if explorer.abandons(request):
                continue
            sent_at_s = played + place * 1e-6
            explorer.on_outcome(
                _outcome(request, network(request.flow), sent_at_s, is_lost, quotes)
            )
        del flying[:arriving]
    raise RuntimeError(f"not finished after {_MOST_ROUNDS} rounds")


def _outcome(
    request: ProbeRequest,
    path: Sequence[IPv4Address],
    sent_at_s: float,
    is_lost: Callable[[ProbeRequest, IPv4Address], bool],
    quotes: bool,  # noqa: FBT001
) -> Outcome:
    left = request.ttl - len(path) + 1
    responder = path[-1] if left > 0 else path[request.ttl - 1]
    if is_lost(request, responder):
        return Loss(request=request, sent_at_s=sent_at_s, gave_up_at_s=sent_at_s + 1.0)
    kind = ReplyKind.UNREACHABLE if left > 0 else ReplyKind.TIME_EXCEEDED
    quoted_ttl = max(left, 1) if quotes else None
    return Reply(request, kind, responder, sent_at_s, sent_at_s + 0.5, quoted_ttl=quoted_ttl)


if __name__ == "__main__":
    sys.exit(main())
