"""A trace by the first protocol that gets through: UDP, ICMP, or TCP to a port of the web."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from paris import run
from paris.engine import setup
from paris.errors import OneProtocolError, PrivilegeError, SettingsError
from paris.settings import Lane

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mda.model import IPAddress
    from mda.procedure import Procedure
    from paris.run import Hooks, Measurement
    from paris.settings import Settings

LANES: Final = (Lane("udp", None), Lane("icmp", None), Lane("tcp", 443), Lane("tcp", 80))


class Escalated(NamedTuple):
    """The measurement by the protocol of LANES with the number `lane`.

    Its controls are those by the protocols that were tried before it.
    """

    measurement: Measurement
    lane: int


def measure(settings: Settings, hooks: Hooks = run.NO_HOOKS) -> Escalated:
    """Measure by the protocols of LANES in turn, until the destination answers.

    `hooks.journals` has one for each of them. If none gets through, the first is the result. Raises
    and ends as `run.measure` does.
    """
    lanes = [setup.of_protocol(settings, lane) for lane in LANES]
    try:
        found = dict(enumerate(run.measure_lanes(settings, lanes, _joined, hooks)))
    except (OneProtocolError, PrivilegeError):
        found = _one_by_one(lanes, hooks)
    tried = [number for number, own in found.items() if own.record.probes_sent]
    through = [number for number in tried if run.assemble(found[number]).reached]
    lane = next(iter((*through, *found)))
    others = tuple(found[number] for number in tried if number != lane)
    return Escalated(found[lane]._replace(controls=others), lane)


def _joined(procedures: Sequence[Procedure], destination: IPAddress) -> Procedure:
    from mda.service.escalating import Escalating

    return Escalating(procedures, destination)


def _one_by_one(lanes: Sequence[Settings], hooks: Hooks) -> dict[int, Measurement]:
    """By ordinary sockets, which send one protocol a wire; what they cannot send is left out."""
    found: dict[int, Measurement] = {}
    refused: PrivilegeError | SettingsError | None = None
    for number, lane in enumerate(lanes):
        try:
            own = hooks._replace(journals=hooks.journals[number : number + 1])
            found[number] = run.measure(lane, own)
        except (PrivilegeError, SettingsError) as error:
            refused = refused or error
            continue
        if run.assemble(found[number]).reached:
            break
    if refused is not None and not found:
        raise refused
    return found
