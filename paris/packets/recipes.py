"""Describes a flow for users: its ports, and commands whose packets take the same path."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Final

from mda.model import HeaderField
from mda.studies.paths import Recipe
from paris.packets.flows import Flows
from paris.packets.protocols import Protocol

if TYPE_CHECKING:
    from mda.plan import Plan
    from paris.packets.flow_headers import FlowHeaders

_HTTPS: Final = 443
_LETTER: Final = {Protocol.UDP: "", Protocol.TCP: "-T ", Protocol.ICMP: "-I "}


def recipe(plan: Plan, flow: int) -> Recipe:
    """How to send packets of a flow (not of a variant) of `plan`.

    Another program's packets take the flow's path if balancers read only addresses, protocol and
    ports. ICMP has no commands: its flows are checksums, which no program lets a user choose.
    """
    flows = Flows.of(plan)
    headers = flows.headers(flow)
    if flows.protocol is Protocol.ICMP:
        return Recipe(f"ICMP checksum {headers.icmp_checksum:#06x}", ())
    ports = f"{flows.protocol.value} {headers.sport} -> {headers.dport}"
    if flows.field is HeaderField.FLOW_LABEL:
        ports += f", flow label {headers.flow_label:#07x}"
    own = _own_command(plan, flows, headers)
    is_reached_by_others = plan.network is None and flows.field is not HeaderField.FLOW_LABEL
    others = _other_commands(plan, flows, headers) if is_reached_by_others else ()
    return Recipe(ports, (own, *others))


def _own_command(plan: Plan, flows: Flows, headers: FlowHeaders) -> str:
    target = f"--sim {plan.network}" if plan.network is not None else plan.target
    command = f"paris-trace {_LETTER[flows.protocol]}{target} --sport {headers.sport}"
    command += f" -p {headers.dport}"
    if flows.traffic_class:
        command += f" -t {flows.traffic_class:#x}"
    command += _way_out(plan)
    if plan.probing.mark:
        command += f" --mark {plan.probing.mark:#x}"
    if headers.flow_label:
        command += f" --flow-label {headers.flow_label:#x}"
    return command


def _way_out(plan: Plan) -> str:
    """The options, of our command and of traceroute, for the interface and the source chosen."""
    options = ""
    if plan.probing.interface is not None:
        options += f" -i {shlex.quote(plan.probing.interface)}"
    if plan.probing.asked_source is not None:
        options += f" -s {plan.probing.asked_source}"
    return options


def _other_commands(plan: Plan, flows: Flows, headers: FlowHeaders) -> tuple[str, ...]:
    """Commands of traceroute and curl; they use the address, because a name may have several.

    curl sets no mark, and takes an interface or a source.
    """
    sport, dport, address = headers.sport, headers.dport, plan.target
    letter = "-U" if flows.protocol is Protocol.UDP else "-T"
    way_out = _way_out(plan) + (f" --fwmark={plan.probing.mark}" if plan.probing.mark else "")
    traceroute = f"traceroute -n {letter} --sport={sport} -p {dport}{way_out} {address}"
    pinned = [own for own in (plan.probing.interface, plan.probing.asked_source) if own is not None]
    if flows.protocol is Protocol.UDP or plan.probing.mark or len(pinned) > 1:
        return (traceroute,)
    curl = f"curl --local-port {sport}"
    if pinned:
        curl += f" --interface {shlex.quote(str(pinned[0]))}"
    scheme = "https" if dport == _HTTPS else "http"
    # In a URL "%" begins an escape (RFC 6874).
    literal = f"[{address.replace('%', '%25')}]" if flows.destination.version == 6 else address
    if plan.host == address or plan.zone is not None:
        return traceroute, f"{curl} {scheme}://{literal}:{dport}/"
    resolved = f"--resolve {plan.host}:{dport}:{literal}"
    return traceroute, f"{curl} {resolved} {scheme}://{plan.host}:{dport}/"
