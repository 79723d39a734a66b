"""Gives the datagrams of several protocols at once to a recorder of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mda.multiplex import lane_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mda.model import ProbeRequest
    from paris.engine.record import Recorder
    from paris.wire.base import Received


class ByLane:
    """See Recorder: gives each of several protocols its own probes, and all replies.

    Whose reply it is, is found by replaying.
    """

    def __init__(self, recorders: Sequence[Recorder]) -> None:
        self._recorders = recorders

    def sent(
        self, requests: Sequence[ProbeRequest], datagrams: Sequence[bytes], at_s: Sequence[float]
    ) -> None:
        """See Recorder."""
        for number, recorder in enumerate(self._recorders):
            own = [
                (request._replace(flow=flow), datagram, sent_at_s)
                for request, datagram, sent_at_s in zip(requests, datagrams, at_s, strict=False)
                for lane, flow in (lane_of(request.flow),)
                if lane == number
            ]
            if own:
                asked, built, left_at_s = zip(*own, strict=True)
                recorder.sent(asked, built, left_at_s)

    def received(self, arrived: Sequence[Received]) -> None:
        """See Recorder."""
        for recorder in self._recorders:
            recorder.received(arrived)
