"""Checks of values that the user gave; each raises SettingsError in the words of the option."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

from mda.statistics.stopping import Bound
from paris.errors import SettingsError

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address

LEAST, MOST = 1e-9, 1e9  # of seconds, and of probes per second
LEAST_PROBABILITY: Final = 1e-12  # of failure; stopping points cannot be computed for far less
MIN_SHARE: Final = 0.001  # finding thinner branches takes more flows than there are source ports


def checked_bound(
    failure_probability: float, *, per_vertex: bool, min_share: float | None
) -> Bound:
    """What may be missed. Raises SettingsError where the probability or share cannot be used."""
    if not LEAST_PROBABILITY <= failure_probability < 1:
        raise SettingsError(
            f"-c/--confidence must lie above 0 and below 100, not "
            f"{100 * (1 - failure_probability):g}"
        )
    if min_share is not None and not MIN_SHARE <= min_share <= 0.5:
        raise SettingsError(
            f"--min-share must be from {100 * MIN_SHARE:g} to 50 percent, not {100 * min_share:g}"
        )
    return Bound(failure_probability, per_vertex, min_share)


def within(option: str, value: int, lowest: int, highest: int) -> None:
    """Check a whole number against the values that it may have, both included."""
    if not isinstance(value, int):
        raise SettingsError(f"{option} must be a whole number, not {value!r}")
    if not lowest <= value <= highest:
        raise SettingsError(f"{option} must be from {lowest} to {highest}, not {value}")


def positive(option: str, value: float, unit: str) -> None:
    """Check that a number of `unit` is above 0, and that clocks can count with it."""
    if not isinstance(value, int | float):
        raise SettingsError(f"{option} must be a number of {unit}, not {value!r}")
    if not 0 < value < float("inf"):
        raise SettingsError(f"{option} must be a number of {unit} above 0, not {value:g}")
    if not LEAST <= value <= MOST:
        raise SettingsError(f"{option} must be from {LEAST:g} to {MOST:g} {unit}, not {value:g}")


def text(option: str, value: str) -> None:
    """Check that a text is not empty, and that every output can hold it."""
    try:
        value.encode()
    except UnicodeEncodeError:
        raise SettingsError(f"{option} {value!r} is not text in UTF-8") from None
    if not value or "\0" in value:
        raise SettingsError(f"{option} must be a name, not {value!r}")


def address(option: str, value: str) -> IPv4Address | IPv6Address:
    """The address that a text stands for."""
    try:
        return ip_address(value)
    except ValueError:
        raise SettingsError(f"{option} must be an IPv4 or IPv6 address, not {value!r}") from None
