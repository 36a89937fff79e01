"""Version of this software, which databases keep."""

__version__ = "0.2.0"
