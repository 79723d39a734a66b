"""What the user gets without asking, where the help says it too."""

from __future__ import annotations

from typing import Final

# Probes per second. Routers reply from their slow path, many at no more than some hundreds per
# second; a wave is spread over all hops, so each of ten hops sees a tenth of this.
DEFAULT_RATE_PPS: Final = 1000.0
DEFAULT_CONFIDENCE: Final = 95.0  # percent
# Probes of a trace that measures paths in rounds: each is kept, and takes a kilobyte.
DEFAULT_MEASURED_PROBES: Final = 250_000
