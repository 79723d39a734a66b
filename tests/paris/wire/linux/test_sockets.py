"""Sends that fail, whoever's fault that is, and addresses that are no longer ours."""

from __future__ import annotations

import errno
import os
import socket
from ipaddress import ip_address

import pytest

from mda.model import HeaderField, Way
from paris.errors import WireError, WithheldError
from paris.packets.flows import Flows
from paris.packets.protocols import Protocol
from paris.packets.ways import Ways
from paris.wire.linux import sockets
from paris.wire.linux.sockets import SourceWatch

# All that Linux makes of ICMP and ICMPv6 errors (icmp_err_convert, icmpv6_err_convert).
OF_ICMP = (
    errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENOPROTOOPT, errno.ECONNREFUSED, errno.EMSGSIZE,
    errno.EOPNOTSUPP, errno.EHOSTDOWN, errno.ENONET, errno.EACCES, errno.EPROTO,
)  # fmt: skip


class FailingSocket:
    """Fails to send with these errors in turn; `queued` says whether they are queued as well."""

    def __init__(self, errors: list[int], *, queued: bool = True) -> None:
        self.errors = errors
        self.queued = queued
        self.refused = 0
        self.sent = 0

    def send(self) -> None:
        if self.errors:
            number = self.errors.pop(0)
            raise OSError(number, os.strerror(number))
        self.sent += 1

    def drain(self) -> bool:
        return self.queued

    def count_refused(self) -> None:
        self.refused += 1

    def send_patiently(self) -> int:
        try:
            self.send()
        except OSError as error:
            return sockets.send_again(
                self.send, error, drain=self.drain, refused=self.count_refused, target="host"
            )
        return 0


@pytest.mark.parametrize("number", OF_ICMP, ids=errno.errorcode.get)
def test_an_error_caused_by_an_earlier_datagram_does_not_fail_a_send(number: int) -> None:
    several = FailingSocket([number] * 3)
    assert (several.send_patiently(), several.sent) == (0, 1)
    no_room_for_it = FailingSocket([number], queued=False)
    assert (no_room_for_it.send_patiently(), no_room_for_it.sent) == (0, 1)


@pytest.mark.parametrize("number", [*OF_ICMP, errno.ENETDOWN, errno.EPERM], ids=errno.errorcode.get)
@pytest.mark.parametrize("queued", [False, True])
def test_an_error_that_persists_fails_the_send(number: int, *, queued: bool) -> None:
    # The kernel queues its own errors as well.
    failing = FailingSocket([number] * 1000, queued=queued)
    with pytest.raises(WireError, match=f"^cannot send to host: {os.strerror(number)}$"):
        failing.send_patiently()


@pytest.mark.parametrize(
    ("number", "is_route"),
    [(errno.EPERM, False), (errno.EACCES, True), (errno.EINVAL, True), (errno.ENETUNREACH, True)],
    ids=["firewall", "prohibit", "blackhole", "no route"],
)
def test_an_error_that_may_be_of_one_flow_says_so(number: int, *, is_route: bool) -> None:
    failing = FailingSocket([number] * 1000)
    with pytest.raises(WithheldError) as caught:
        failing.send_patiently()
    assert (caught.value.reason, caught.value.is_route) == (os.strerror(number), is_route)
    # The kernel has numbered what its firewall drops, and it drops every repetition as well.
    assert failing.refused == (number == errno.EPERM)
    assert len(failing.errors) == 999 or is_route


def test_a_send_waits_for_a_full_queue_despite_errors_of_other_datagrams() -> None:
    sock = FailingSocket([errno.ENOBUFS, errno.ECONNREFUSED, errno.EAGAIN, errno.EACCES])
    assert (sock.send_patiently(), sock.sent, sock.refused) == (2, 1, 1)


def test_forget_errors_empties_the_error_queue() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as sock:
        sockets.queue_errors(sock, 4)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind(("127.0.0.1", 0))
            nobody = other.getsockname()
        sock.connect(nobody)
        sock.send(b"")
        assert sockets.forget_errors(sock)
        assert not sockets.forget_errors(sock)
        sock.send(b"")  # the first one's error is forgotten


def test_a_source_address_that_is_gone_is_an_error_with_and_without_an_interface() -> None:
    here, gone = flows("127.0.0.1"), flows("203.0.113.1")
    one_gone = flows("127.0.0.1", Way(ip_address("203.0.113.1"), "eth1", None))
    for interface in (None, "lo"):
        SourceWatch(here, interface).check(1.0)
    for elsewhere, interface in ((here, "nosuch0"), (gone, None), (one_gone, None)):
        with pytest.raises(WireError, match="is no longer an address of this machine"):
            SourceWatch(elsewhere, interface).check(1.0)


def flows(source: str, way: Way | None = None) -> Flows:
    return Flows(
        source=ip_address(source),
        destination=ip_address("192.0.2.9"),
        protocol=Protocol.UDP,
        field=HeaderField.SPORT,
        sport=20000,
        dport=33434,
        ways=None if way is None else Ways({1: way}),
    )
