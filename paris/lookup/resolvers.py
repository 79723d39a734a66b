"""Asks name servers that the user chose, past the system's resolver. Needs dnspython."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

from paris.errors import SettingsError, lacking_extra

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mda.model import IPAddress


def check(servers: Sequence[str], say: Callable[[str], None]) -> None:
    """Raise SettingsError where a server is not an address, or dnspython is missing."""
    for server in servers:
        try:
            ip_address(server)
        except ValueError:
            raise SettingsError(f"--resolver needs an address, not {server!r}") from None
    try:
        import dns.resolver  # noqa: F401
    except ModuleNotFoundError:
        package = ModuleNotFoundError(name="dnspython")  # whose module has another name
        raise lacking_extra("--resolver", package, "dns") from None


def asker(servers: Sequence[str], wait_s: float) -> Callable[[IPAddress], str | None]:
    """What asks these servers, in order, for the name of an address, None where it has none.

    It raises TimeoutError where no server answers within `wait_s`.
    """
    from dns.exception import DNSException
    from dns.resolver import NXDOMAIN, NoAnswer, Resolver

    resolver = Resolver(configure=False)
    resolver.nameservers = list(servers)

    def ask(address: IPAddress) -> str | None:
        try:
            answer = resolver.resolve_address(str(address), lifetime=wait_s)
        except (NXDOMAIN, NoAnswer):
            return None
        except DNSException:
            raise TimeoutError from None
        return str(answer[0].target.to_text(omit_final_dot=True))

    return ask
