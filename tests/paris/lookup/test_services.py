"""Services by name and number: what the system lists, and what is known without such a list."""

from __future__ import annotations

import socket
import subprocess
import sys
from contextlib import suppress

import pytest

from paris.lookup.services import SERVICES, port_of, protocol_of
from tests.support.commands import CHECKOUT

NAMES = {name: row for row in SERVICES for name in row.names}


@pytest.mark.parametrize("name", NAMES)
def test_a_name_has_the_port_that_the_system_lists_for_it(name: str) -> None:
    listed = set()
    for protocol in NAMES[name].protocols:
        with suppress(OSError):
            listed.add(socket.getservbyname(name, protocol))
    assert listed <= {NAMES[name].port}
    assert port_of(name, NAMES[name].protocols[0]) == NAMES[name].port


def test_names_and_ports_are_in_one_row_each() -> None:
    assert len(NAMES) == sum(len(row.names) for row in SERVICES)
    assert len({row.port for row in SERVICES}) == len(SERVICES)


@pytest.mark.parametrize(
    ("service", "protocol"),
    [
        ("https", "tcp"), ("domain", "tcp"), ("ntp", "udp"), ("isakmp", "udp"), (123, "udp"),
        (69, "udp"), (161, "udp"), (443, "tcp"), (53, "tcp"), (49151, "tcp"), ("nonsense", "tcp"),
    ],
)  # fmt: skip
def test_a_service_is_by_tcp_unless_only_udp_has_it(service: str | int, protocol: str) -> None:
    assert protocol_of(service) == protocol


def test_a_name_of_the_other_protocol_still_has_its_port() -> None:
    assert port_of("ntp", "tcp") == 123
    assert port_of("ssh", "udp") == 22


@pytest.mark.parametrize("name", ["", "nonsense", "\udcff", "a\0b", "x" * 5000])
def test_a_name_that_no_list_has_has_no_port(name: str) -> None:
    assert port_of(name, "tcp") is None


@pytest.mark.lab
def test_without_a_list_of_the_system_the_common_services_are_known() -> None:
    """As in a small container: /etc/services is empty there."""
    program = (
        "import socket; from paris.lookup.services import SERVICES, port_of\n"
        "try: socket.getservbyname('https')\n"
        "except OSError: print(*(port_of(row.names[-1], row.protocols[-1]) for row in SERVICES))"
    )
    hide = 'mount --bind /dev/null /etc/services && exec "$@"'
    command = ["unshare", "--mount", "sh", "-c", hide, "sh", sys.executable, "-c", program]
    ran = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=True)
    assert ran.stdout.split() == [str(row.port) for row in SERVICES]
