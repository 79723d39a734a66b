"""Pictures of a Trace: text, DOT, SVG; no network, no algorithm."""
