"""Kinds of links: what the interfaces at a link's ends are, where a plain veth pair will not do.

The interfaces of a kind lie above a veth pair, whose ends have IPv4 addresses: the underlay.
"""

from __future__ import annotations

import fcntl
import os
import select
import signal
import struct
import subprocess
from contextlib import contextmanager, nullcontext, suppress
from typing import TYPE_CHECKING, Final, NamedTuple, NoReturn

from tests.lab.namespaces import inside_namespace
from tests.support.forks import fork

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

_TUNSETIFF: Final = 0x400454CA  # from linux/if_tun.h
_IFF_TUN, _IFF_NO_PI = 0x0001, 0x1000
_LONGEST: Final = 65535
_PORT: Final = 51820


class End(NamedTuple):
    """One end of a link: the interface `device` to make there, above the veth `below`."""

    namespace: str
    device: str
    below: str
    address: str  # of `below`


class Kind(NamedTuple):
    """How a link is made: `commands` of ip at each end, then `work` for as long as it exists."""

    commands: tuple[str, ...] = ()
    work: Callable[[End, End], AbstractContextManager[None]] = lambda _near, _far: nullcontext()


@contextmanager
def _copied(near: End, far: End) -> Iterator[None]:
    """Two tun interfaces, between which a program copies datagrams."""
    tuns = _tun(near), _tun(far)

    def work() -> NoReturn:
        while True:
            for tun in select.select(tuns, [], [])[0]:
                with suppress(OSError):  # the other end is not up yet
                    os.write(tuns[tuns[0] == tun], os.read(tun, _LONGEST))

    process_id = fork(work)
    try:
        yield
    finally:
        os.kill(process_id, signal.SIGKILL)
        os.waitpid(process_id, 0)
        for tun in tuns:
            os.close(tun)


def _tun(end: End) -> int:
    with inside_namespace(end.namespace):
        tun = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(tun, _TUNSETIFF, struct.pack("16sH", end.device.encode(), _IFF_TUN | _IFF_NO_PI))
    return tun


@contextmanager
def _keyed(near: End, far: End) -> Iterator[None]:
    """WireGuard's keys: each end lets the other send whatever it likes."""
    secrets = {end: _wg(end, "genkey") for end in (near, far)}
    for own, other in ((near, far), (far, near)):
        public = _wg(other, "pubkey", given=secrets[other])
        _wg(
            own, "set", own.device, "listen-port", str(_PORT), "private-key", "/proc/self/fd/0",
            "peer", public, "endpoint", f"{other.address}:{_PORT}", "allowed-ips", "0.0.0.0/0,::/0",
            given=secrets[own],
        )  # fmt: skip
    yield


def _wg(end: End, *arguments: str, given: str = "") -> str:
    command = ["ip", "netns", "exec", end.namespace, "wg", *arguments]
    ran = subprocess.run(command, input=given, capture_output=True, text=True, check=True)
    return ran.stdout.strip()


def _tunnel(kind: str) -> Kind:
    return Kind((f"link add {{own.device}} type {kind}",))


KINDS: Final = {
    "bridge": Kind(
        (
            "link add {own.device} type bridge",
            "link set {own.below} master {own.device}",
        )
    ),
    "VLAN": Kind(("link add link {own.below} name {own.device} type vlan id 7",)),
    "VXLAN": _tunnel("vxlan id 7 local {own.address} remote {other.address} dstport 4789"),
    "tun": Kind(work=_copied),
    "GRE": _tunnel("gre local {own.address} remote {other.address} ttl 64"),
    "IPIP": _tunnel("sit mode any local {own.address} remote {other.address} ttl 64"),
    "WireGuard": Kind(("link add {own.device} type wireguard",), _keyed),
}
