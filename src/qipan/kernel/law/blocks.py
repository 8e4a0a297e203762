"""What many catalogue rows share, written once: a row says `use: name` and adds or replaces what is its own.

A file of `kind: blocks` names contents. Where a mapping holds `use` (one name or several), it becomes those contents,
the later over the earlier, with the mapping's own keys over them; a key that ends with `+` adds to the list that is
there. In a list, `{use: name}` of a block that is itself a list puts that list's members in its place.
"""

from collections.abc import Mapping
from typing import Any

Blocks = Mapping[str, Any]
DEEPEST = 8


class UnknownBlock(ValueError):
    """A block is named that no file has, or blocks use one another in a circle; carries the name."""


def expand(value: Any, blocks: Blocks, depth: int = 0) -> Any:
    """The value with every `use` resolved; raises UnknownBlock."""
    if isinstance(value, list):
        found: list[Any] = []
        for each in value:
            if isinstance(each, dict) and each.keys() == {"use"} and isinstance(each["use"], str):
                content = expand(_block(each["use"], blocks, depth), blocks, depth + 1)
                found.extend(content if isinstance(content, list) else [content])
            else:
                found.append(expand(each, blocks, depth))
        return found
    if not isinstance(value, dict):
        return value
    names = value.get("use", ())
    merged: dict[str, Any] = {}
    for name in [names] if isinstance(names, str) else names:
        content = expand(_block(name, blocks, depth), blocks, depth + 1)
        if not isinstance(content, dict):
            raise UnknownBlock(name)
        merged |= content
    for key, own in value.items():
        if key == "use":
            continue
        own = expand(own, blocks, depth)
        if key.endswith("+"):
            merged[key[:-1]] = [*merged.get(key[:-1], ()), *own]
        else:
            merged[key] = own
    return merged


def _block(name: str, blocks: Blocks, depth: int) -> Any:
    if depth > DEEPEST or name not in blocks:
        raise UnknownBlock(name)
    return blocks[name]
