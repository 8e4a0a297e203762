"""`startswith` on a column of collation "C" asks for a range of signs instead of a pattern.

Both find the same rows. But below row-level security PostgreSQL may use an index only for comparisons that it knows to
give nothing away (leakproof): `>=` and `<` of texts are, LIKE is not, and would read the table from end to end.
"""

from typing import Any

from django.db.models import CharField
from django.db.models.lookups import StartsWith

BEFORE_SURROGATES, LAST = 0xD7FF, 0x10FFFF


def after(prefix: str) -> str | None:
    """The first text, sign by sign, that is behind every text with this prefix; None where there is none."""
    while prefix:
        number = ord(prefix[-1])
        if number < LAST:
            following = 0xE000 if number == BEFORE_SURROGATES else number + 1
            return prefix[:-1] + chr(following)
        prefix = prefix[:-1]
    return None


class Prefix(StartsWith):
    """The range of texts with a prefix, where signs are compared by their numbers; else what Django does."""

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        plain = isinstance(self.rhs, str) and getattr(self.lhs.output_field, "db_collation", None) == "C"
        end = after(self.rhs) if plain else None
        if end is None:
            return super().as_sql(compiler, connection)
        lhs, params = self.process_lhs(compiler, connection)
        return f"({lhs} >= %s AND {lhs} < %s)", [*params, self.rhs, *params, end]


CharField.register_lookup(Prefix)
