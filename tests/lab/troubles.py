"""What goes wrong at routers and links, in a lab, and what `--stats` has to say of each.

Every trouble has its own network, in which nothing else is wrong.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tests.lab import netlab
from tests.lab.delaying import busy, slow_to_answer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.lab.netlab import Lab

_ARRIVES: Final = "type filter hook prerouting priority -300"
_LATE_S: Final = 0.02
_LIMIT_MS: Final = 20  # between two answers to a host: 50 per second
_NEAR_SHARE: Final = 0.4  # of a share, by which what is measured may differ from it
# Milliseconds that are right: late answers wait for a busy machine as well, and a queue is as long
# as its sender's buffer allows.
_LATE_MS: Final = (1000 * _LATE_S, 3000 * _LATE_S)
_QUEUED_MS: Final = (1, 100)


class Said(NamedTuple):
    """A statement: its kind, the vertex or far end of a link that it is about, and its figure.

    `figure` is a share, or milliseconds; None where any is right.
    """

    kind: str
    node: str
    figure: float | None = None


class Trouble(NamedTuple):
    """A network, what is wrong there, and how many rounds show it.

    `limited` routers send 50 answers per second to a host, `lost` is a share by the link at which
    it is lost, `busy` a link with a queue, and `late` a router that answers late.
    """

    name: str
    rounds: int
    paths: Sequence[str] = netlab.plain(5)
    limited: tuple[str, ...] = ()
    lost: dict[tuple[str, str], float] = {}  # noqa: RUF012 - nobody changes it
    busy: tuple[str, str] | None = None
    late: str | None = None


TROUBLES: Final = (
    Trouble("1 % lost behind a limited router", 3000, limited=("r2",), lost={("r3", "r4"): 0.01}),
    Trouble("10 % lost behind a limited router", 400, limited=("r2",), lost={("r3", "r4"): 0.1}),
    Trouble("10 % lost before a limited router", 400, limited=("r4",), lost={("r1", "r2"): 0.1}),
    Trouble("1 % lost on one of two branches", 3000, netlab.diamond(2), lost={("lb", "a2"): 0.01}),
    Trouble("10 % lost on one of two branches", 400, netlab.diamond(2), lost={("lb", "a2"): 0.1}),
    Trouble(
        "10 % lost on a branch behind a limited router",
        400,
        netlab.diamond(4),
        limited=("lb",),
        lost={("lb", "a2"): 0.1},
    ),
    Trouble(
        "1 % lost on a branch behind a limited router",
        3000,
        netlab.diamond(4),
        limited=("lb",),
        lost={("lb", "a2"): 0.01},
    ),
    Trouble("a limited router", 400, netlab.diamond(4), limited=("lb",)),
    Trouble("a router slow to answer", 60, late="r3"),
    Trouble("a queue", 120, busy=("r3", "r4")),
    Trouble("a queue behind a router slow to answer", 120, late="r2", busy=("r3", "r4")),
)
CLEAN: Final = tuple(
    Trouble(f"nothing, {name}", 60, paths)
    for name, paths in netlab.TOPOLOGIES.items()
    if name != "sixteen-wide"
)


@contextmanager
def troubled(trouble: Trouble) -> Iterator[Lab]:
    """The network of a trouble."""
    with ExitStack() as stack:
        limited = dict.fromkeys(trouble.limited, _LIMIT_MS)
        lab = stack.enter_context(netlab.lab(trouble.paths, limited=limited))
        for (near, far), share in trouble.lost.items():
            device = lab.interface(far, near)
            for probes in ("ip protocol udp", "ip6 nexthdr udp"):
                lottery = f"numgen random mod 1000 < {round(1000 * share)} drop"
                lab.rules(far, _ARRIVES, f"iifname {device} {probes} {lottery}")
        if trouble.busy is not None:
            stack.enter_context(busy(lab, *trouble.busy))
        if trouble.late is not None:
            stack.enter_context(slow_to_answer(lab, trouble.late, _LATE_S))
        yield lab


def faults(trouble: Trouble, lab: Lab, version: int, document: Any) -> list[str]:
    """What a trace's JSON says wrongly of a trouble, or does not say; empty if all is right.

    Of a limited router nothing need be said, as the trace may ask it so slowly that it answers all.
    """
    true = [Said("lost on the way", far, share) for (_, far), share in trouble.lost.items()]
    if trouble.busy is not None:
        true.append(Said("queue", trouble.busy[1]))
    if trouble.late is not None:
        true.append(Said("slow to answer", trouble.late))
    allowed = [*true, *(Said("answers lost", node) for node in trouble.limited)]
    said = _said(lab, version, document)
    wrong = [f"wrong: {own}" for own in said if not any(_fits(own, other) for other in allowed)]
    return wrong + [
        f"missing: {other}" for other in true if not any(_fits(own, other) for own in said)
    ]


def _fits(said: Said, true: Said) -> bool:
    """Whether a statement is the true one."""
    if (said.kind, said.node) != (true.kind, true.node) or said.figure is None:
        return said[:2] == true[:2]
    least, most = {
        "queue": _QUEUED_MS,
        "slow to answer": _LATE_MS,
    }.get(
        said.kind, ((1 - _NEAR_SHARE) * (true.figure or 0), (1 + _NEAR_SHARE) * (true.figure or 1))
    )
    return least <= said.figure <= most


def _said(lab: Lab, version: int, document: Any) -> list[Said]:
    """All statements of a trace about losses and delays."""
    graph = document["graph"]
    at = {str(lab.shown(near, far, version)): far for near, far in lab.links}

    def node(vertex: str) -> str:
        return at[vertex.partition("@")[0]]

    limits = [
        own["vertex"] for own in graph["answering"] if own.get("limit") or own.get("may_be_limited")
    ]
    silent = [own["vertex"] for own in graph.get("answers_lost", ())]
    return [
        *(Said("answers lost", node(vertex)) for vertex in (*limits, *silent)),
        *(Said("lost on the way", node(own["to"]), own["share"])
          for own in graph.get("lost_on_way", ())),
        *(Said("queue", node(own["to"]), 1000 * own["median_s"])
          for own in graph.get("queues", ())),
        *(Said("slow to answer", node(own["vertex"]), 1000 * own["slower_s"])
          for own in graph.get("slow_answers", ())),
    ]  # fmt: skip
