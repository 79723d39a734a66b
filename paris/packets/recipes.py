"""Describes a flow for users: its ports, and commands whose packets take the same path.

A shell reads each command as it is meant, whatever the file says from which host and network come.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from mda.escaping import shell_word
from mda.model import HeaderField
from mda.studies.paths import Recipe
from paris.packets.flows import Flows
from paris.packets.payloads import chosen
from paris.packets.protocols import Protocol

if TYPE_CHECKING:
    from mda.plan import Plan
    from paris.packets.flow_headers import FlowHeaders

_HTTPS: Final = 443
# What curl takes for nothing but a name: it has other uses for most signs, and for numbers.
_NAME: Final = re.compile(r"([a-z0-9_][a-z0-9_-]*\.)*[a-z][a-z0-9-]*\.?", re.ASCII | re.IGNORECASE)
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
    if not plan.probing.has_known_ports:
        return Recipe(f"{flows.protocol.value} flow {flow}, ports unknown", ())
    ports = f"{flows.protocol.value} {headers.sport} -> {headers.dport}"
    if flows.field is HeaderField.FLOW_LABEL:
        ports += f", flow label {headers.flow_label:#07x}"
    own = _own_command(plan, flows, headers)
    is_reached_by_others = plan.network is None and flows.field is not HeaderField.FLOW_LABEL
    others = _other_commands(plan, flows, headers) if is_reached_by_others else ()
    return Recipe(ports, (own, *others))


def _own_command(plan: Plan, flows: Flows, headers: FlowHeaders) -> str:
    command = f"paris-trace {_LETTER[flows.protocol]}{_target(plan)} --sport {headers.sport}"
    command += f" -p {headers.dport}"
    if flows.protocol is Protocol.UDP and flows.payload != chosen(None, headers.dport or 0):
        command += f" --payload {flows.payload.name}"
    if flows.traffic_class:
        command += f" -t {flows.traffic_class:#x}"
    command += _way_out(plan)
    if plan.probing.mark:
        command += f" --mark {plan.probing.mark:#x}"
    if headers.flow_label:
        command += f" --flow-label {headers.flow_label:#x}"
    return command


def _target(plan: Plan) -> str:
    if plan.network is None:
        return shell_word(plan.target)
    # A value that begins like an option has to be tied to its own.
    between = "=" if plan.network.startswith("-") else " "
    return f"--sim{between}{shell_word(plan.network)}"


def _way_out(plan: Plan) -> str:
    """The options, of our command and of traceroute, for the interface and the source chosen."""
    options = ""
    if plan.probing.interface is not None:
        options += f" -i {shell_word(plan.probing.interface)}"
    if plan.probing.asked_source is not None:
        options += f" -s {plan.probing.asked_source}"
    return options


def _other_commands(plan: Plan, flows: Flows, headers: FlowHeaders) -> tuple[str, ...]:
    """Commands of traceroute and curl; they use the address, because a name may have several.

    curl sets no mark, and takes an interface or a source.
    """
    sport, dport, address = headers.sport, headers.dport, shell_word(plan.target)
    letter = "-U" if flows.protocol is Protocol.UDP else "-T"
    way_out = _way_out(plan) + (f" --fwmark={plan.probing.mark}" if plan.probing.mark else "")
    traceroute = f"traceroute -n {letter} --sport={sport} -p {dport}{way_out} {address}"
    pinned = [own for own in (plan.probing.interface, plan.probing.asked_source) if own is not None]
    if flows.protocol is Protocol.UDP or plan.probing.mark or len(pinned) > 1:
        return (traceroute,)
    curl = f"curl --local-port {sport}"
    if pinned:
        curl += f" --interface {shell_word(str(pinned[0]))}"
    scheme = "https" if dport == _HTTPS else "http"
    literal = str(flows.destination)
    if flows.destination.version == 6:
        literal = f"[{literal}{_zone_of_url(plan)}]"
    if plan.zone is not None or not _NAME.fullmatch(plan.host):
        return traceroute, f"{curl} {shell_word(f'{scheme}://{literal}:{dport}/')}"
    resolved = f"--resolve {shell_word(f'{plan.host}:{dport}:{literal}')}"
    return traceroute, f"{curl} {resolved} {scheme}://{plan.host}:{dport}/"


def _zone_of_url(plan: Plan) -> str:
    """The zone as RFC 6874 writes it, in percent escapes."""
    if plan.zone is None:
        return ""
    from urllib.parse import quote  # few destinations have a zone

    return f"%25{quote(plan.zone, safe='', errors='surrogatepass')}"
