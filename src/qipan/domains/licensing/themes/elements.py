"""Which fields of several forms ask for the same thing: by the data element that they name."""

from functools import lru_cache

from qipan.kernel.forms.declaration import FormField, FormRow

#: Elements that belong to one licence, item, product or machine alone: never the same thing in two forms.
OWN = ("grant.", "item.", "product.", "machine.", "owner.")
#: What an application asks as new is afterwards what the register knows.
BECOMES = {"subject.new_name": "subject.name", "subject.new_domicile": "subject.domicile"}
#: The street of an address that has no element of its own for it: what the register calls it.
STREETS = {"place.address": "place.street", "subject.new_domicile": "subject.new_street"}


@lru_cache(maxsize=4000)
def _streets(form: tuple[tuple[str, str, str], ...]) -> dict[str, str]:
    """By a street's field: the element of its address."""
    return {street: element for _code, element, street in form if street}


def shared(form: FormRow, one: FormField) -> str:
    """The element that a field has in common with other forms; empty where the field is the form's own."""
    if one.kind == "file":
        return ""
    addresses = tuple(
        (each.code, each.element, each.street_field) for each in form.fields if each.street_field
    )
    address = _streets(addresses).get(one.code)
    if address is not None:
        return STREETS.get(address, "")
    return "" if not one.element or one.element.startswith(OWN) else one.element
