"""A trace to a service, with control probes by other protocols that tell the causes apart.

The controls leave by the same wire, because a wire that needs privileges cannot be opened later.
Ordinary sockets send one protocol a wire, and need none: there the controls have their own wires.
"""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Final

from mda.errors import ParisTraceError
from mda.model import Loss
from paris import run
from paris.errors import OneProtocolError, PrivilegeError
from paris.lookup import addresses, by_connection
from paris.settings import Search
from paris.threads import started

if TYPE_CHECKING:
    from collections.abc import Sequence
    from threading import Thread

    from mda.explore.single_flow import SingleFlow
    from mda.model import IPAddress, Outcome
    from mda.plan import Plan
    from mda.procedure import Procedure
    from mda.record import Control
    from paris.run import Hooks, Measurement
    from paris.settings import Settings

_WEB: Final = (443, 80)  # ports at which most hosts answer something
_CONNECTING_S: Final = 1.0
_MOST_PROBES: Final = 40  # of all controls together
_TRIES: Final = 2  # of a control that only shows whether the host answers
_MOST_BY_HOP: Final = _MOST_PROBES - 2 * _TRIES - 1  # silence to UDP is asked again after a second


def measure(settings: Settings, hooks: Hooks = run.NO_HOOKS, *, always: bool) -> Measurement:
    """Do what `settings` ask for, and with it the controls, if the service does not answer.

    With `always`, the controls are sent in any case. They are at most 40 probes. Raises and ends as
    `run.measure` does.
    """
    controls = _controls(settings)
    joined = partial(_joined, settings=settings, always=always)
    try:
        main, *others = run.measure_lanes(settings, [settings, *controls], joined, hooks)
    except (OneProtocolError, PrivilegeError):
        beside = _Beside(controls, hooks)
        main = run.measure(settings, hooks._replace(observe=beside.observe))
        others = beside.found() if always or _fails(main) else []
    sent = tuple(own for own in others if own.record.probes_sent)
    if not sent or settings.target.host is None:
        return main._replace(controls=sent)
    found = addresses.of_name(settings.target.host)
    connections = _by_other_version(main.plan, found)
    return main._replace(controls=sent, addresses=found, connections=connections)


def _by_other_version(plan: Plan, found: Sequence[IPAddress]) -> tuple[Control, ...]:
    """Whether a TCP service answers at the name's first address of the other IP version, if any."""
    others = [own for own in found if own.version != plan.destination.version]
    port = plan.probing.dport
    if plan.probing.protocol != "tcp" or not others or port is None:
        return ()
    return (by_connection.control(others[0], port, _CONNECTING_S),)


def _controls(settings: Settings) -> list[Settings]:
    """ICMP, hop by hop, and another TCP port and UDP, end to end."""
    web = next(port for port in _WEB if port != settings.probe.dport)
    first_ttl, max_ttl = settings.search.first_ttl, settings.search.max_ttl
    by_hop = Search(first_ttl=first_ttl, max_ttl=max_ttl, queries=1)
    to_end = Search(first_ttl=max_ttl, max_ttl=max_ttl, queries=_TRIES)
    return [
        settings.replace(
            probe=settings.probe.replace(
                protocol=protocol, dport=dport, flow_field=None, payload=None
            ),
            search=search,
            budget=settings.budget.replace(
                max_probes=min(most, settings.budget.max_probes or _MOST_PROBES)
            ),
        )
        for protocol, dport, search, most in (
            ("icmp", None, by_hop, _MOST_BY_HOP),
            ("tcp", web, to_end, _TRIES),
            ("udp", 33434, to_end, _TRIES),
        )
    ]  # fmt: skip


def _joined(
    procedures: Sequence[Procedure], _: IPAddress, *, settings: Settings, always: bool
) -> Procedure:
    """The trace with its controls; the first control is kind to the host as well."""
    from mda.explore.service_path import ServicePath
    from mda.service.controlled import Controlled

    main, _by_icmp, *others = procedures
    by_hop = _by_hop(ServicePath, settings.search)
    return Controlled(main, [by_hop, *others], always=always)


def _by_hop(kind: type[SingleFlow], search: Search) -> SingleFlow:
    """What probes each hop once, and once more where that was lost."""
    return kind(first_ttl=search.first_ttl, max_ttl=search.max_ttl, queries=1, most=_MOST_BY_HOP)


class _Beside:
    """Controls that each have their own wire, and wait alone.

    They begin where the service does not answer a probe that is to go all the way to it, or by
    something other than an open port; at the latest when they are asked for.
    """

    def __init__(self, controls: Sequence[Settings], hooks: Hooks) -> None:
        self._controls = controls
        self._hooks = hooks
        self._found: dict[int, Measurement] = {}
        self._is_begun = False
        self._threads: list[Thread] = []

    def observe(self, outcome: Outcome) -> None:
        """Learn an outcome of the trace."""
        self._hooks.observe(outcome)
        is_far = outcome.request.ttl == self._controls[0].search.max_ttl
        if is_far if isinstance(outcome, Loss) else outcome.ends_path and not outcome.is_open:
            self._begin()

    def found(self) -> list[Measurement]:
        """What those controls found that this system allows."""
        self._begin()
        for thread in self._threads:
            thread.join()
        for number in range(len(self._controls)):
            if number not in self._found:  # no thread, or perhaps the trace had its port until now
                self._measure(number)
        return [self._found[number] for number in sorted(self._found)]

    def _begin(self) -> None:
        if self._is_begun:
            return
        self._is_begun = True
        # If the trace is interrupted, nobody waits for them.
        beside = [started(partial(self._measure, n)) for n in range(len(self._controls))]
        self._threads = [thread for thread in beside if thread is not None]

    def _measure(self, number: int) -> None:
        from mda.explore.single_flow import SingleFlow

        control = self._controls[number]
        before_parsing = self._hooks.before_parsing  # each thread has its own rights
        is_by_hop = control.search.queries == 1
        procedure = _by_hop(SingleFlow, control.search) if is_by_hop else None
        with suppress(ParisTraceError):
            self._found[number] = run.measure(
                control, run.Hooks(before_parsing=before_parsing), procedure
            )


def _fails(measurement: Measurement) -> bool:
    """Whether the service did not answer every flow."""
    from mda.service.verdict import Word, verdict

    found = verdict(run.assemble(measurement))
    return found is not None and found.word is not Word.OPEN
