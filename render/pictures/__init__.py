"""Traces and comparisons as diagrams, and those as DOT, SVG, PNG and PDF."""
