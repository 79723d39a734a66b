"""The flows of a survey as a wire and its filters see them: to any destination."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paris.packets.flows import Flows

if TYPE_CHECKING:
    from paris.packets.protocols import Protocol


class AnyDestination(Flows):
    """Flows like those of the fields, to whatever destination; so its prefix has no bits."""

    @classmethod
    def like(cls, flows: Flows) -> AnyDestination:
        """The flows to all destinations that are otherwise like these."""
        fields = {name: getattr(flows, name) for name in Flows.field_names()}
        return cls(**{**fields, "prefix_len": 0})

    @property
    def go_anywhere(self) -> bool:
        """They do."""
        return True

    @property
    def protocols(self) -> tuple[Protocol, ...]:
        """The protocol: no probe of a survey varies it."""
        return (self.protocol,)
