"""The statements that are still wrong: by class and rule, the measured share of wrong networks.

The names of rules are those of `rules` and `chances`. Whoever mends a fault removes its row. The
long run (`python -m benchmarks.truth`) fails if a row does not show any more, or if another fault
does.
"""

from __future__ import annotations

from typing import Final

KNOWN_FAULTS: Final[dict[tuple[str, str], float]] = {
    ("a limited router", "limit"): 0.013,
    ("a limited router", "star"): 0.007,
    ("a limited router", "time"): 0.013,
    ("two routers, one reply per second", "limit"): 0.020,
    ("two routers, one reply per second", "limit as loss"): 0.007,
    ("two routers, one reply per second", "star"): 0.007,
    ("two routers, one reply per second", "time"): 0.007,
    ("limited destination", "time"): 0.007,
    ("replies balanced on their way back", "route change"): 0.007,
    ("several troubles", "limit"): 0.007,
    ("several troubles", "loss"): 0.020,
    ("several troubles", "star"): 0.007,
}
