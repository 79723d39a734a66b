"""Checks of values that the user gave; each raises SettingsError in the words of the option."""

from __future__ import annotations

from typing import Final

from mda.statistics.stopping import Bound
from paris.errors import SettingsError

MIN_SHARE: Final = 0.001  # finding thinner branches takes more flows than there are source ports


def checked_bound(
    failure_probability: float, *, per_vertex: bool, min_share: float | None
) -> Bound:
    """What may be missed. Raises SettingsError where the probability or share cannot be used."""
    if not 0 < failure_probability < 1:
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
    if not lowest <= value <= highest:
        raise SettingsError(f"{option} must be from {lowest} to {highest}, not {value}")


def positive(option: str, value: float, unit: str) -> None:
    """Check that a number of `unit` is finite and above 0."""
    if not 0 < value < float("inf"):
        raise SettingsError(f"{option} must be a number of {unit} above 0, not {value:g}")
