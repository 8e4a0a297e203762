"""A messy register of any length, the same for the same length: what a hundred rows of a Chinese district bring along.

PYTHONPATH=src:. .venv/bin/python -P -m tests.registers.messy register.csv 100000 gb18030
"""

import csv
import datetime
import sys
from collections.abc import Iterator
from pathlib import Path

from qipan.kernel.subjects import codes

HEADINGS = (
    "企业名称", "统一社会信用代码", "注册号", "住所", "法定代表人", "身份证号", "联系电话", "成立日期", "注册资本",
    "登记状态",
)  # fmt: skip
STREETS = ("福田区园岭街道红荔路", "罗湖区东门街道东门中路", "南山区粤海街道科苑路", "宝安区西乡街道西乡大道")
FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")
#: Of a hundred rows: those that cannot be taken in (no name; three codes that are none; one that contradicts its double).
REJECTED = 4
#: And the one that is said twice in the same words.
DOUBLED = 1


def rows(count: int) -> Iterator[list[str]]:
    """So many rows; which of a hundred is wrong in which way stands below."""
    before: list[str] = []
    for number in range(count):
        code = codes.make_uscc("92", "440304", f"MA{number:06d}")
        day = datetime.date(2005, 1, 1) + datetime.timedelta(days=number % 6000)
        row = [
            f"深圳市粤味餐饮{number}号店",
            code,
            "",
            f"深圳市{STREETS[number % 4]}{number % 900 + 1}号",
            "王小明",
            "",
            f"138{number:08d}",
            day.isoformat(),
            f"{number % 90 + 10}万元",
            "存续",
        ]
        match number % 100:
            case 3:
                row[1] = code[:-1] + ("A" if code[-1] != "A" else "B")  # a wrong check sign
            case 7:
                row[1] = code.translate(FULL_WIDTH)
            case 11:
                body = f"440301{number:08d}"
                row[1] = body + codes.mod_11_10(body)  # the old 15 digits
            case 13:
                row[7] = str((day - datetime.date(1899, 12, 30)).days)  # a date as Excel counts it
            case 17:
                row[7] = "二〇一八年五月四日"
            case 19:
                row[1] = "9.14403E+17"  # what Excel makes of a code
            case 23:
                row[0] = ""
            case 29:
                row[7] = "5/4/2018"
            case 31:
                row = list(before)
            case 37:
                row = [before[0] + "（改）", *before[1:]]
            case 41:
                row[9] = "吊销，未注销"
            case 47:
                row[3] = "不详"
            case 53:
                row[1] = code[:12]
        before = row
        yield row


def write(path: Path, count: int, encoding: str = "utf-8") -> Path:
    """The register as a file."""
    with path.open("w", encoding=encoding, newline="") as stream:
        out = csv.writer(stream)
        out.writerow(HEADINGS)
        out.writerows(rows(count))
    return path


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:4])
