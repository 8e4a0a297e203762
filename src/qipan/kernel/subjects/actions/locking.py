"""One transaction at a time on a subject."""

from qipan.kernel.subjects.models import Subject


def lock(subject: Subject) -> Subject:
    """The subject as it stands; what it is found by is made from several tables, by one transaction at a time."""
    return Subject.objects.select_for_update(of=("self",), no_key=True).get(pk=subject.pk)
