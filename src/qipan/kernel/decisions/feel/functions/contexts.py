"""Contexts (DMN 10.3.4.8)."""

from typing import Any

from qipan.kernel.decisions.feel.functions.registry import builtin


@builtin("get value", "m:context", "key:string")
def get_value(context: dict[str, Any], key: str) -> Any:
    return context.get(key)


@builtin("get value", "m:context", "key:list")
def get_value_along(context: dict[str, Any], keys: list[Any]) -> Any:
    found: Any = context
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
    return found if keys else None


@builtin("get entries", "m:context")
def get_entries(context: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": value} for key, value in context.items()]


@builtin("context", "entries:list")
def context(entries: list[Any]) -> dict[str, Any] | None:
    made: dict[str, Any] = {}
    for one in entries:
        if not isinstance(one, dict) or not isinstance(one.get("key"), str) or "value" not in one:
            return None
        if one["key"] in made:
            return None
        made[one["key"]] = one["value"]
    return made


@builtin("context put", "context:context", "key:string", "value:any")
def put(context: dict[str, Any], key: str, value: Any) -> dict[str, Any]:
    return {**context, key: value}


@builtin("context put", "context:context", "keys:list", "value:any")
def put_along(context: dict[str, Any], keys: list[Any], value: Any) -> dict[str, Any] | None:
    if not keys or not all(isinstance(key, str) for key in keys):
        return None
    first, rest = keys[0], keys[1:]
    if not rest:
        return {**context, first: value}
    inner = context.get(first)
    if not isinstance(inner, dict):
        return None
    made = put_along(inner, rest, value)
    return None if made is None else {**context, first: made}


@builtin("context merge", "contexts:list")
def merge(contexts: list[Any]) -> dict[str, Any] | None:
    made: dict[str, Any] = {}
    for one in contexts:
        if not isinstance(one, dict):
            return None
        made |= one
    return made
