"""Bunraku: a general-purpose humanoid that runs on a laptop."""

__version__ = "0.1.0"
