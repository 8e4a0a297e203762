"""What a theme spares: fields and materials of the one form against those of each form by itself, from the declarations."""

from dataclasses import dataclass

from django.db.models import Count, Sum

from qipan.domains.licensing.themes.graph import SUBJECT, Node
from qipan.domains.licensing.themes.merging import Merged
from qipan.domains.licensing.themes.models import ThemeCase
from qipan.kernel.orgs.reader import Reader

#: What the single form of an item does not ask either: the registers know the subject, its licence, the item its target.
KNOWN_ANYWAY = frozenset({*SUBJECT, "grant.number", "item.target"})


@dataclass(frozen=True)
class Savings:
    """Fields and materials asked one by one, and asked once."""

    parts: int
    fields_apart: int
    fields_merged: int
    materials_apart: int
    materials_merged: int
    questions: int = 0

    @property
    def fields_saved(self) -> int:
        """Fields that need not be filled in; the questions of the situation are counted against it."""
        return self.fields_apart - self.fields_merged - self.questions

    @property
    def materials_saved(self) -> int:
        """Materials that need not be handed in."""
        return self.materials_apart - self.materials_merged

    @property
    def fields_share(self) -> int:
        """The spared share of the fields, in percent."""
        return round(100 * self.fields_saved / self.fields_apart) if self.fields_apart else 0


def asked_apart(node: Node) -> tuple[int, int]:
    """(fields, materials) that the item's own form asks for when it is applied for alone."""
    fields = [each for each in node.form.fields if each.kind != "file" and each.element not in KNOWN_ANYWAY]
    return len(fields), sum(1 for each in node.form.fields if each.kind == "file")


def savings(merged: Merged, questions: int = 0) -> Savings:
    """The figures of a merged form, with the number of questions that led to it."""
    apart = [asked_apart(node) for node in merged.nodes]
    fields = [ask for ask in merged.asks.values() if ask.field.kind != "file"]
    return Savings(
        parts=len(merged.nodes),
        fields_apart=sum(fields for fields, _materials in apart),
        fields_merged=len(fields),
        materials_apart=sum(materials for _fields, materials in apart),
        materials_merged=len(merged.asks) - len(fields),
        questions=questions,
    )


@dataclass(frozen=True)
class Done:
    """What a theme's applications spared in all."""

    cases: int = 0
    fields: int = 0
    materials: int = 0


def done(reader: Reader) -> dict[str, Done]:
    """By theme: the applications handed in that the reader may see, and what they spared, each by its own situation."""
    rows = ThemeCase.objects.visible_to(reader).filter(submitted_at__isnull=False).order_by()
    sums = rows.values_list("theme_code").annotate(Count("pk"), Sum("fields_saved"), Sum("materials_saved"))
    return {code: Done(cases, fields, materials) for code, cases, fields, materials in sums}
