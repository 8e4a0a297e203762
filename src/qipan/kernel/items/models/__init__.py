"""Coded items, materials, and the kinds of licence that items end in, as dated rows."""

from qipan.kernel.items.models.items import Channel, Item, Line, MaterialType, Matter
from qipan.kernel.items.models.kinds import LicenceKind, Nature

__all__ = ["Channel", "Item", "LicenceKind", "Line", "MaterialType", "Matter", "Nature"]
