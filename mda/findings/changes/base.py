"""What the rules about changes of packets read, and what they find."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mda.answers.dag import Dag
    from mda.findings.copied_ttls import CopiedTtl
    from mda.findings.loops import Revisit
    from mda.model import Reply, Vertex


class Kind(Enum):
    """What happens to a packet, or to what is seen of it."""

    #: The source address is another, as behind a NAT.
    SOURCE = "source"
    #: A port, an identifier or a checksum is another, and the source address is not.
    TRANSPORT = "transport"
    #: The differentiated services code point (RFC 2474).
    DSCP = "dscp"
    #: The bits for explicit congestion notification (RFC 3168).
    ECN = "ecn"
    #: The flow label of IPv6 (RFC 6437).
    FLOW_LABEL = "flow-label"
    #: The identification of IPv4.
    IP_ID = "ip-id"
    #: The length of what is behind the IP headers.
    LENGTH = "length"
    #: The data of the probe.
    PAYLOAD = "payload"
    #: The TTL is higher than it left with.
    TTL_RAISED = "ttl-raised"
    #: Routers in an MPLS tunnel quote its labels (RFC 4950).
    EXPLICIT_TUNNEL = "explicit-tunnel"
    #: The TTLs that are quoted count up from hop to hop: only the labels' TTL falls.
    IMPLICIT_TUNNEL = "implicit-tunnel"
    #: The TTL that is quoted jumps: the hops before it are hidden.
    OPAQUE_TUNNEL = "opaque-tunnel"
    #: A label that is quoted has TTL left: the hops before it in the tunnel are hidden.
    LABEL_TTL = "label-ttl"
    #: Replies come back over more or fewer links than probes took, from here on.
    WAY_BACK = "way-back"
    #: The router before forwards packets whose TTL is 0.
    ZERO_TTL = "zero-ttl"
    #: A host copies the TTL of a probe into its reply.
    COPIED_TTL = "copied-ttl"


class Change(NamedTuple):
    """A change of `kind`, which begins between two sets of vertices.

    `after` are the last vertices that show nothing of it, `vertices` the first that show it; the
    source is one of `after` if no hop between answers. `sent` is the value before and `shown` that
    behind, as text; empty where there is none. `hops` are hops or links, as the kind says, 0 if
    not known. `until` is the nearest vertex behind that shows the value as sent again.
    """

    kind: Kind
    after: tuple[Vertex, ...]
    vertices: tuple[Vertex, ...]
    flows: tuple[int, ...]
    sent: str = ""
    shown: str = ""
    hops: int = 0
    until: Vertex | None = None


class Seen(NamedTuple):
    """What the rules read of a trace of plain flows.

    `replies` are those of each vertex, and `arrivals` the vertices of the destination. Probes left
    with `source` and `traffic_class`. `shows_changes` means that a quote shows a changed header,
    which not every wire sees.
    """

    dag: Dag
    origin: Vertex
    replies: Mapping[Vertex, Sequence[Reply]]
    arrivals: Sequence[Vertex]
    revisits: Sequence[Revisit]
    copied_ttls: Sequence[CopiedTtl]
    source: str
    traffic_class: int
    shows_changes: bool
