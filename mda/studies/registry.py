"""All studies, one row each. Options, help, JSON, text and docs are made from the rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mda.studies.base import Parameter, Study

if TYPE_CHECKING:
    from mda.studies.balancers import Classification
    from mda.studies.classic import Classic
    from mda.studies.mtu import Mtus
    from mda.studies.paths import Followed, Path, PathDelays

_ROUNDS: Final = Parameter(
    name="rounds", metavar="N", about="measure each path N times",
    lowest=1, highest=10_000,
    default=20,  # enough to tell a path that is slower than seven others (rank sums)
)  # fmt: skip

CLASSIFY: Final[Study[Classification]] = Study(
    name="classify",
    about="report what each balancer hashes, how it splits, and which ones hash alike",
    parameters=(
        Parameter(
            name="prefix-len", metavar="BITS",
            about="probe addresses of this prefix around HOST as well (24; IPv6 64)",
            lowest=1, highest=128,
        ),
        Parameter(
            name="flows", metavar="N", about="judge each split by at least N flows",
            lowest=0, highest=50_000, default=0,
        ),
    ),
    asks="mda.studies.classifier:Classifier",
    finds="mda.studies.balancers:find",
    always=True,
    varies_addresses=True,
)  # fmt: skip
PATHS: Final[Study[tuple[Path, ...]]] = Study(
    name="paths",
    about="list every path: its share, round-trip times, losses and the ports that select it",
    parameters=(_ROUNDS,),
    asks="mda.studies.path_probing:EveryPath",
    finds="mda.studies.paths:find",
)
FOLLOW: Final[Study[Followed]] = Study(
    name="follow",
    about="trace one path alone: its number in --paths, or an address that is on no other path",
    argument="PATH",
    parameters=(_ROUNDS,),
    asks="mda.studies.path_probing:ChosenPath",
    finds="mda.studies.paths:find_followed",
)
STATS: Final[Study[tuple[PathDelays, ...]]] = Study(
    name="stats",
    about="measure every hop of every path; show losses and times of each vertex, link and path",
    parameters=(_ROUNDS,),
    asks="mda.studies.path_probing:EveryHop",
    finds="mda.studies.paths:find_delays",
)
METRICS: Final[Study[None]] = Study(
    name="metrics", about="measure each diamond: widths, lengths, meshing"
)
CLASSIC: Final[Study[Classic]] = Study(
    name="classic",
    about="show the links that a classic traceroute infers, and which of them are false",
    asks="mda.studies.classic_probing:ClassicProbing",
    finds="mda.studies.classic:find",
    refuses=frozenset({"icmp"}),
)
MTU: Final[Study[Mtus]] = Study(
    name="mtu",
    about="find the longest packet that every path takes, and the links that take no more",
    asks="mda.studies.mtu_probing:MtuProbing",
    finds="mda.studies.mtu:find",
    refuses=frozenset({"tcp"}),
    varies_length=True,
    follows_any=True,
)
# In the order of asking and showing.
STUDIES: Final = (
    CLASSIFY,
    PATHS,
    FOLLOW,
    STATS,
    METRICS,
    CLASSIC,
    MTU,
)


def named(name: str) -> Study[object]:
    """The study of that name. Raises ValueError if there is none."""
    for study in STUDIES:
        if study.name == name:
            return study
    raise ValueError(f"not a study: {name!r}")


def users(parameter: str) -> list[str]:
    """The names of the studies that take a parameter."""
    return [
        study.name for study in STUDIES if any(own.name == parameter for own in study.parameters)
    ]


def parameters() -> dict[str, Parameter]:
    """All parameters by name, in the order of the studies."""
    return {own.name: own for study in STUDIES for own in study.parameters}
