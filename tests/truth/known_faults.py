"""The statements that are still wrong: by class and rule, the measured share of wrong networks.

The names of rules are those of `rules` and `chances`. Whoever mends a fault removes its row. The
long run (`python -m benchmarks.truth`) fails if a row does not show any more, or if another fault
does.
"""

from __future__ import annotations

from typing import Final

KNOWN_FAULTS: Final[dict[tuple[str, str], float]] = {
    ("a limited router", "limit"): 0.002,
    ("limited routers, --compare", "limit"): 0.007,
    ("limited routers, --compare", "time"): 0.009,
    ("several troubles", "limit as loss"): 0.002,
}
