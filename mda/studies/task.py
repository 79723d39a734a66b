"""What a study is given to probe with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mda.model import HeaderField, IPAddress


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What a study may probe, and how.

    `values` has the number of variants of each field, and `flows` is the number of plain flows.
    Without `is_multipath` it is flow 0 alone that is traced. `argument` is the argument of the
    study's option, and `parameters` has the values of the parameters of all studies.
    """

    source: IPAddress
    first_ttl: int
    max_ttl: int
    attempts: int
    failure_probability: float
    flow_field: HeaderField
    values: Mapping[HeaderField, int]
    flows: int
    is_multipath: bool = True
    argument: str | None = None
    parameters: Mapping[str, int] = field(default_factory=dict)
