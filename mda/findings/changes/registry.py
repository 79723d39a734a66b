"""The rules about changes of packets, a row each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mda.findings.changes import headers, labels, other_findings, quoted_ttls, ways_back

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mda.findings.changes.base import Change, Seen

RULES: Final[tuple[Callable[[Seen], Iterator[Change]], ...]] = (
    headers.source,
    headers.transport,
    headers.dscp,
    headers.ecn,
    headers.flow_label,
    headers.ip_id,
    headers.length,
    headers.payload,
    quoted_ttls.raised,
    quoted_ttls.tunnels,
    labels.labels,
    labels.label_ttls,
    ways_back.ways_back,
    other_findings.zero_ttls,
    other_findings.copied,
)


def changes(seen: Seen) -> tuple[Change, ...]:
    """All that the rules find, in the order of the rules."""
    return tuple(change for rule in RULES for change in rule(seen))
