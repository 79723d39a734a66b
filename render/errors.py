"""What the renderer raises."""

from __future__ import annotations

from mda.errors import ParisTraceError


class RenderError(ParisTraceError):
    """A picture that could not be drawn."""
