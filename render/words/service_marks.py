"""How the verdict on a service marks single vertices."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mda.record import Fate

if TYPE_CHECKING:
    from mda.model import Vertex
    from mda.trace import Trace


class ServiceMarks(NamedTuple):
    """What the verdict on a service says of vertices.

    At `closed` nothing listens, and what is for the service gets no further than `ends`. With
    `is_stopped` someone is known to stop it there. At `forged` another answers in the host's name,
    and at `shared` both do.
    """

    name: str
    closed: frozenset[Vertex] = frozenset()
    ends: frozenset[Vertex] = frozenset()
    forged: frozenset[Vertex] = frozenset()
    shared: frozenset[Vertex] = frozenset()
    is_stopped: bool = False

    @classmethod
    def of(cls, trace: Trace) -> ServiceMarks:
        """What the verdict of a trace says, if it has one."""
        name = trace.plan.probing.service
        if not trace.plan.probing.is_to_service:
            return cls(name)
        from mda.service.verdict import Part, Standing, Word, verdict  # few traces have one

        found = verdict(trace)
        if found is None:
            return cls(name)
        own = {ending.at for ending in found.passing}
        forged = frozenset(ending.at for ending in found.stopped if ending.fate.is_at_host)
        return cls(
            name=name,
            closed=frozenset(own.at for own in found.passing if own.fate is Fate.CLOSED),
            ends=frozenset(own.at for own in found.stopped if own.fate is Fate.SILENT),
            forged=forged - own,
            shared=forged & own,
            is_stopped=found.word is Word.PARTLY or found.parts[Part.FIREWALL] is Standing.HERE,
        )

    @property
    def is_reset_by_others(self) -> bool:
        """Whether no reset is known to be of the host itself, and some are of others."""
        return bool(self.forged | self.shared) and not self.closed

    def notes(self, vertex: Vertex) -> tuple[str, ...]:
        """What to say at a vertex."""
        if vertex in self.forged:
            return ("answers in the host's name",)
        if vertex in self.shared:
            return ("another answers as well in the host's name",)
        return (f"{self.name} gets no further",) if vertex in self.ends else ()
