"""The progress line: shows outcomes so far on a single terminal line, rewritten in place."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING, Final

from mda.model import Reply

if TYPE_CHECKING:
    from typing import TextIO

    from mda.model import IPAddress, Outcome

_REFRESH_S: Final = 0.1


@dataclass(slots=True)
class Progress:
    """Counts outcomes and shows them on `stream`, at most ten times per second."""

    stream: TextIO
    _replies: int = 0
    _lost: int = 0
    _hop: int = 0
    _interfaces: set[IPAddress] = field(default_factory=set)
    _shown_at_s: float = 0.0
    _is_shown: bool = False

    def observe(self, outcome: Outcome) -> None:
        """Count an outcome."""
        if isinstance(outcome, Reply):
            self._replies += 1
            self._interfaces.add(outcome.responder)
            if not outcome.ends_path:
                self._hop = max(self._hop, outcome.request.ttl)
        else:
            self._lost += 1
        if monotonic() - self._shown_at_s >= _REFRESH_S:
            self._show()

    def _show(self) -> None:
        self._shown_at_s = monotonic()
        self._is_shown = True
        self.stream.write(
            f"\r\x1b[Khop {self._hop}  {self._replies} replies, {self._lost} losses, "
            f"{len(self._interfaces)} interfaces"
        )
        self.stream.flush()

    def clear(self) -> None:
        """Empty the line."""
        if self._is_shown:
            self.stream.write("\r\x1b[K")
            self.stream.flush()
