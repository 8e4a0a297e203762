"""For any mixture of rows the counts add up, and the same file again changes nothing."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from django.db import transaction
from hypothesis import example, given, settings
from hypothesis import strategies as st

from qipan.kernel.subjects.models import Identifier, Premises, SourceRow, Subject
from tests.registers.registers import HEADINGS, reg_no, restaurant, take, text, uscc

WITH_NUMBER = (*HEADINGS, "注册号")


def wrong(code: str) -> str:
    """The code with another check sign."""
    return code[:-1] + ("A" if code[-1] != "A" else "B")


numbers = st.integers(1, 4)
rows = st.builds(
    lambda number, code, registration, name, day, status: restaurant(
        number, 统一社会信用代码=code, 注册号=registration, 企业名称=name, 成立日期=day, 登记状态=status
    ),
    numbers,
    st.one_of(
        numbers.map(uscc),
        numbers.map(lambda n: wrong(uscc(n))),
        numbers.map(reg_no),
        st.sampled_from(["", "无", "91440300", "9.14E+17"]),
    ),
    st.one_of(st.just(""), numbers.map(reg_no)),
    st.sampled_from(["甲餐厅", "乙餐厅", "", "-", "=1+1", "𠮷野家"]),
    st.sampled_from(["2018-05-04", "43224", "5/4/2018", "长期", "二〇一八年五月四日", "99999999"]),
    st.sampled_from(["存续", "注销", "吊销", "迁出", ""]),
)
damage = st.sampled_from(["", '深圳"断', "a,b,c,d,e,f,g,h,i,j,k,l", ",,,,,,,,", '"开着的引号', "�"])


@pytest.mark.django_db
@settings(max_examples=25)
@given(
    st.lists(rows, min_size=1, max_size=9),
    st.lists(damage, max_size=3),
    st.sampled_from(["utf-8", "gb18030"]),
)
# A sign that an earlier system left for what it could not read does not make the file one of another encoding.
@example([restaurant(1, 企业名称="甲餐厅")], ["�", "�"], "utf-8")
def test_nothing_is_lost_and_the_second_run_changes_nothing(messy, broken, encoding) -> None:
    lines = [*text(messy, WITH_NUMBER).splitlines(), *broken]
    with TemporaryDirectory() as folder, transaction.atomic():
        path = Path(folder) / "register.csv"
        path.write_bytes("\n".join(lines).encode(encoding, "replace"))
        result = take(path).result
        assert result.read == result.created + result.updated + result.known + result.rejected
        assert result.read == len(messy) + sum(1 for line in broken if line.strip(", "))
        assert result.created == Subject.objects.count() == SourceRow.objects.count()
        before = [list(model.objects.values()) for model in (Subject, Identifier, Premises, SourceRow)]
        again = take(path).result
        assert (again.created, again.updated, again.rejected) == (0, 0, result.rejected)
        assert again.known == result.created + result.known
        assert before == [
            list(model.objects.values()) for model in (Subject, Identifier, Premises, SourceRow)
        ]
        transaction.set_rollback(True)
