"""A theme with eight items: from handing it in to the drafts of all items open, beside the same eight opened one by one.

In this process on the product's own database; the one form is filled in beforehand. What follows (the items on their
ways) is the worker's and not part of the figure.
"""

import secrets
import statistics
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

from benchmarks import candidates, system
from qipan.cli.bench import Measure, share

HELP = "一件事：8 个事项的主题从提交到全部草稿开出，对照逐件开出同样的 8 件"
TIMES = 40
MOST = 500.0
PARTS = 8


def run(scale: float, tell: Callable[[str], None]) -> Iterator[Measure]:
    """The figures of handing in, of the one form's page data, and of the same items one by one."""
    times = max(5, round(TIMES * scale))
    with system.database(tell):
        made = candidates.prepare(1)[0]
        reader, photo = _applicant(made.subject)
        tell(f"正在准备 {times + 2} 件填好的主题…")
        rows = [_filled(reader, photo) for _one in range(times + 2)]
        tell("提交…")
        together, merging = [], []
        for place, row in enumerate(rows):
            whole, form = _handed_in(row, reader)
            if place >= 2:  # the first two warm the caches of this process
                together.append(whole)
                merging.append(form)
        tell("逐件…")
        apart = [_one_by_one(row, reader) for row in rows[2:]]
    size = f"{times} 次，{PARTS} 个事项"
    yield _measure(f"提交到全部草稿开出，p50（{size}）", share(together, 0.5), statistics.median(apart))
    yield _measure(f"提交到全部草稿开出，p99（{size}）", share(together, 0.99), share(apart, 0.99), MOST)
    yield Measure("themes", f"合并一张表，p50（{size}）", share(merging, 0.5), "毫秒")


def _measure(title: str, value: float, apart: float, most: float | None = None) -> Measure:
    return Measure(
        "themes",
        title,
        value,
        "毫秒",
        reference="逐件开出同样的事项",
        reference_value=apart,
        ratio=value / apart if apart else None,
        target=f"< {most:g} 毫秒" if most else "",
        met=value < most if most else None,
    )


def _applicant(subject_id: int) -> tuple[Any, str]:
    import base64

    from qipan.kernel.evidence import actions as evidence
    from qipan.kernel.orgs.queries import reader_of
    from qipan.kernel.subjects.models import Subject

    user = Subject.objects.get(pk=subject_id).representatives.first().user  # type: ignore[union-attr]
    reader = reader_of(user)
    dot = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    file = evidence.store(base64.b64decode(dot), actor=reader.actor(), kind="material", name="图.png")
    return reader, str(file.uuid)


def _filled(reader: Any, photo: str) -> Any:
    """A theme whose one form is filled in rightly."""
    from qipan.domains.licensing.themes import applying, queries

    theme = queries.theme("small-restaurant")
    assert theme is not None
    row = applying.start(theme.code, theme.usual, uuid=uuid.uuid4(), reader=reader, subject=None)
    serial = secrets.token_hex(4)
    answers = {
        "subject_new_name": f"深圳市性能测试小餐馆{serial}",
        "subject_new_domicile": f"深圳市性能测试路{serial}号",
        "subject_new_street": "园岭街道",
        "subject_business_scope": "餐饮服务",
        "legal_rep_name": "王小明",
        "legal_rep_phone": "13800138000",
        "food_manager_name": "李四",
        "food_manager_phone": "13900139000",
        "staff_count": "6",
        "m_layout_plan": [photo],
        "contact_name": "王小明",
        "contact_phone": "13800138000",
        "declared_truthful": "true",
    }
    errors = applying.save(row, answers, reader).errors
    assert not errors, errors
    return row


def _handed_in(row: Any, reader: Any) -> tuple[float, float]:
    """Milliseconds of handing in, and of merging the form alone."""
    from qipan.domains.licensing.themes import applying, forming
    from qipan.domains.licensing.themes.models import ThemeCase

    fresh = ThemeCase.objects.select_related("case__subject").get(pk=row.pk)
    begun = time.perf_counter()
    forming.merged_of(fresh)
    merged = time.perf_counter()
    applying.submit(fresh, reader)
    ended = time.perf_counter()
    assert fresh.parts.count() == PARTS
    return (ended - merged) * 1000, (merged - begun) * 1000


def _one_by_one(row: Any, reader: Any) -> float:
    """Milliseconds of opening the same items as single drafts, each filled in by itself."""
    from django.db import transaction

    from qipan.domains.licensing import actions
    from qipan.kernel.subjects.models import Subject

    subject = Subject.objects.filter(pk__in=reader.subject_ids).first()
    parts = [(part.item_code, part.application.answers) for part in row.parts.select_related("application")]
    begun = time.perf_counter()
    for code, answers in parts:
        with transaction.atomic():
            own = actions.start(code, uuid=uuid.uuid4(), reader=reader, subject=subject)
            actions.save(own, answers, reader)
    return (time.perf_counter() - begun) * 1000
