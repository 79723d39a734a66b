"""The traces that the tests of pictures share, and their pictures as they should be.

After a wanted change of the pictures, write the expected ones again, look at the difference, and
commit it with the change: `python -m tests.render.samples`.
"""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mda.model import (
    InterfaceInfo,
    InterfaceRole,
    MplsEntry,
    Outcome,
    ProbeRequest,
    Reply,
    ReplyKind,
    StopReason,
    Unread,
    UnreadReason,
)
from mda.plan import Algorithm
from render.pictures.sizes import SIZES
from tests.support.traces import DESTINATION, assembled, hops, numbered, outcomes
from tests.support.views import dot_of, svg_of, text_of

if TYPE_CHECKING:
    from mda.trace import Trace

GOLDEN: Final = Path(__file__).parents[1] / "data" / "golden"
HOSTILE: Final = 'a"b\\N<b>&amp;\x1b[31m\n\u202eevil]; x'
_A = numbered("198.51.100.", 11, 8)
_B = numbered("198.51.100.", 31, 8)
_GATEWAY, _BALANCER, _JOINT = "192.0.2.254", "198.51.100.1", "198.51.100.2"
_LABELS = (MplsEntry(24016, 0, False, 1), MplsEntry(299776, 0, True, 1))


def _unequal() -> Trace:
    short = [_GATEWAY, _BALANCER, _A[0], _JOINT, DESTINATION]
    long = [_GATEWAY, _BALANCER, _A[1], _A[2], _A[3], _JOINT, DESTINATION]
    return assembled(outcomes({flow: (short, long)[flow % 2] for flow in range(16)}))


def _asymmetric() -> Trace:
    wide = hops(_GATEWAY, _BALANCER, _A[0], _B[:3], _JOINT, DESTINATION, flows=33)
    narrow = [_GATEWAY, _BALANCER, _A[1], _B[3], _JOINT, DESTINATION]
    return assembled(
        outcomes({2 * n: path for n, path in wide.items()} | {2 * n + 1: narrow for n in range(33)})
    )


def _marks() -> Trace:
    """Labels, an interface, an unread object, a changed field, a refusal, names."""
    passing = [_GATEWAY, _BALANCER, _A[0], _JOINT, DESTINATION]
    refused = [_GATEWAY, _BALANCER, _A[1]]
    answers: dict[str, dict[str, Any]] = {
        _GATEWAY: {"interfaces": (InterfaceInfo(InterfaceRole.INCOMING, 9, name="eth3"),)},
        _A[0]: {"mpls": _LABELS, "unread": (Unread(UnreadReason.UNKNOWN, b"", 5, 1),)},
        _A[1]: {"kind": ReplyKind.UNREACHABLE, "icmp_type": 3, "icmp_code": 13},
        _JOINT: {"changed": ("sport", "traffic-class")},
    }
    paths = {flow: (passing, refused)[flow % 2] for flow in range(16)}
    names = {_GATEWAY: "gw.example.net", DESTINATION: "www.example.net", _A[0]: HOSTILE}
    return assembled(outcomes(paths, answers=answers), host="www.example.net", names=names)


def _per_packet() -> Trace:
    """Hop 3 differs between two packets of flow 0."""
    paths = hops(_GATEWAY, _BALANCER, _A[:2], _B[:2], _JOINT, DESTINATION, flows=16)
    found: list[Outcome] = outcomes(paths)
    first = next(
        item for item in found if isinstance(item, Reply) and item.request == ProbeRequest(0, 3)
    )
    again = first._replace(request=ProbeRequest(0, 3, 1), responder=ip_address(_A[1]))
    return assembled([*found, again])


def _networks() -> Trace:
    """Whose network each interface is in, as `-A` finds it; one name is hostile."""
    found = {
        ip_address(_GATEWAY): "private",
        ip_address(_BALANCER): "AS64500 Example A 198.51.100.0/25",
        ip_address(_A[0]): "AS64500 Example A 198.51.100.0/25",
        ip_address(_A[1]): f"AS64501 {HOSTILE} 198.51.100.12/32",
        ip_address(_JOINT): "AS64502 203.0.113.0/25 Town ZZ",
        ip_address(DESTINATION): "AS64502 203.0.113.0/25 Town ZZ",
    }
    paths = hops(_GATEWAY, _BALANCER, _A[:2], _JOINT, DESTINATION, flows=16)
    return assembled(outcomes(paths)).replace(facts={"asn": found})


TRACES: Final = {
    "path": assembled(
        outcomes(
            hops(
                *numbered("198.51.100.", 1, 3),
                "*",
                *numbered("198.51.100.", 5, 7),
                DESTINATION,
                flows=1,
            ),
            queries=3,
        ),
        algorithm=Algorithm.PARIS,
        host="www.example.net",
    ),
    "two-way": assembled(
        outcomes(hops(_GATEWAY, _BALANCER, _A[:2], _JOINT, DESTINATION, flows=16))
    ),
    "four-way": assembled(
        outcomes(hops(_GATEWAY, _BALANCER, _A[:4], _JOINT, DESTINATION, flows=32))
    ),
    "forty-eight-way": assembled(
        outcomes(
            hops(
                _GATEWAY, _BALANCER, numbered("198.51.100.", 11, 48), _JOINT, DESTINATION, flows=480
            )
        )
    ),
    "meshed": assembled(
        outcomes(hops(_GATEWAY, _BALANCER, _A, _B, _JOINT, DESTINATION, flows=512))
    ),
    "asymmetric": _asymmetric(),
    "unequal-length": _unequal(),
    "silent": assembled(
        outcomes(hops(_GATEWAY, "*", _BALANCER, [_A[0], "*", _A[2]], _JOINT, "*", "*", flows=24)),
    ),
    "marks": _marks(),
    "networks": _networks(),
    "per-packet": _per_packet(),
    "ipv6": assembled(
        outcomes(
            hops("2001:db8::fe", ["2001:db8:1::1", "2001:db8:1::2"], "2001:db8:9::9", flows=16),
            destination="2001:db8:9::9",
        ),
        destination="2001:db8:9::9",
        protocol="icmp",
        flow_field="flow-label",
    ),
    "interrupted": assembled(
        outcomes(hops(_GATEWAY, _BALANCER, _A[:4], flows=5)), stopped=StopReason.INTERRUPTED
    ),
    "nothing": assembled([]),
    "nothing-path": assembled([], algorithm=Algorithm.PARIS),
    "all-silent": assembled(outcomes(hops("*", "*", "*", flows=6))),
}


_DRAWN: Final = (
    "path", "two-way", "forty-eight-way", "meshed", "asymmetric", "unequal-length", "silent",
    "marks", "networks", "per-packet",
)  # fmt: skip
PICTURES: Final = {
    f"{name}-{size}.svg": (TRACES[name], SIZES[size])
    for name in _DRAWN
    for size in ("screen", "paper")
}


def main() -> None:
    """Write the expected pictures of all traces, and of some as SVG as well."""
    GOLDEN.mkdir(parents=True, exist_ok=True)
    for file, (trace, size) in PICTURES.items():
        (GOLDEN / file).write_bytes(svg_of(trace, size))
    for name, trace in TRACES.items():
        (GOLDEN / f"{name}.dot").write_text(dot_of(trace))
        (GOLDEN / f"{name}.txt").write_text(text_of(trace))


if __name__ == "__main__":
    main()
