"""The version of the distribution, in one place that nothing below needs."""

__version__ = "0.1.0"
