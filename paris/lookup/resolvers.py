"""Asks name servers that the user chose, past the system's resolver. Needs dnspython."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

from paris.errors import SettingsError, lacking_extra

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mda.model import IPAddress

_NEXT_AFTER_S: Final = 0.4  # of silence the next server is asked, or the same one again
_WAIT_S: Final = 5.0


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


def asker(servers: Sequence[str]) -> Callable[[IPAddress], str | None]:
    """What asks these servers, in order, for the name of an address, None where it has none.

    It raises TimeoutError where no server answers within seconds.
    """
    from dns.exception import DNSException
    from dns.resolver import NXDOMAIN, NoAnswer, Resolver

    resolver = Resolver(configure=False)
    resolver.nameservers = list(servers)
    resolver.timeout, resolver.lifetime = _NEXT_AFTER_S, _WAIT_S

    def ask(address: IPAddress) -> str | None:
        try:
            answer = resolver.resolve_address(str(address))
        except (NXDOMAIN, NoAnswer):
            return None
        except DNSException:
            raise TimeoutError from None
        return str(answer[0].target.to_text(omit_final_dot=True))

    return ask
