"""Qipan (棋盘): one platform on which a whole city regulates its markets and its food."""

__version__ = "0.1.0"
