"""A declared form as JSON Schema (2020-12), for programs that fill it in."""

from typing import Any

from qipan.kernel.forms.declaration import FormField, FormRow

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def of_form(form: FormRow) -> dict[str, Any]:
    """The schema. A field that depends on others (`x-when`) or that the platform may know (`x-element`) is not required."""
    fields = form.fields
    return {
        "$schema": DIALECT,
        "title": form.title,
        "type": "object",
        "properties": {field.code: _field(field) for field in fields},
        "required": [
            field.code for field in fields if field.required and not field.when and not field.element
        ],
        "additionalProperties": False,
    }


def _field(field: FormField) -> dict[str, Any]:
    said: dict[str, Any] = {"title": field.title, **_kind(field)}
    if field.help:
        said["description"] = field.help
    more = {"x-when": field.when, "x-element": field.element, "x-personal": field.personal}
    return said | {name: value for name, value in more.items() if value}


def _kind(field: FormField) -> dict[str, Any]:
    if field.kind == "bool":
        return {"type": "boolean", **({"const": True} if field.required else {})}
    if field.kind == "number":
        bounds = {"minimum": field.min, "maximum": field.max}
        return {"type": "number", **{name: value for name, value in bounds.items() if _is_number(value)}}
    if field.kind == "date":
        return {"type": "string", "format": "date"}
    if field.kind == "choice":
        return {"type": "string", **_options(field)}
    if field.kind == "multi":
        return {"type": "array", "uniqueItems": True, "items": {"type": "string", **_options(field)}}
    if field.kind == "file":
        return {"type": "array", "items": {"type": "string", "format": "uuid"}}
    said: dict[str, Any] = {"type": "string"}
    if field.min_length is not None:
        said["minLength"] = field.min_length
    if field.max_length is not None:
        said["maxLength"] = field.max_length
    if field.pattern:
        said["pattern"] = f"^(?:{field.pattern})$"
    return said


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _options(field: FormField) -> dict[str, Any]:
    return {"oneOf": [{"const": option.code, "title": option.title} for option in field.options]}
