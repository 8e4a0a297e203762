"""Wrong files and wrong mappings: a clear sentence, and nothing is written."""

import zipfile
from pathlib import Path

import pytest

from qipan.adapters.registers import mapping
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.subjects.importing.intake import LOCK
from qipan.kernel.subjects.models import Subject
from tests.registers.registers import restaurant, take, text, workbook

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "是空的"),
        (b"\xef\xbb\xbf\r\n \n", "是空的"),
        (b"%PDF-1.7 ...", "PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1....", ".xls"),
        (b"\x89PNG\r\n", "图片"),
        (b"<html><table><tr><td>x</td></tr></table>", "网页"),
        (b"PK\x03\x04 not a zip", "损坏"),
        (b"\x1f\x8b not a gzip", "损坏"),
        ("甲,乙,丙\n1,2,3\n".encode(), "没有认出表头"),
        (b"hello\nworld\n", "没有认出表头"),
    ],
)
def test_what_it_is_and_what_to_do(tmp_path, content: bytes, said: str) -> None:
    path = tmp_path / "file.csv"
    path.write_bytes(content)
    with pytest.raises(Refused, match=said):
        take(path)
    assert Subject.objects.count() == 0


def test_a_missing_file_and_a_folder_are_told(tmp_path) -> None:
    for path, said in ((tmp_path / "no.csv", "找不到"), (tmp_path, "文件夹")):
        with pytest.raises(Refused, match=said):
            take(path, report=None)


def test_a_document_that_is_zipped_is_not_taken_for_a_workbook(tmp_path) -> None:
    path = tmp_path / "letter.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("word/document.xml", "<x/>")
    with pytest.raises(Refused, match="压缩包或者其他办公文档"):
        take(path)


def test_a_workbook_that_would_fill_the_machine_is_not_opened(tmp_path) -> None:
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        with archive.open("xl/worksheets/sheet1.xml", "w") as sheet:
            for _megabyte in range(60):
                sheet.write(b"0" * (1 << 20))
    assert path.stat().st_size < 1 << 20
    with pytest.raises(Refused, match="解开后有 60 MB"):
        take(path)


def test_entities_that_multiply_are_not_expanded(tmp_path) -> None:
    path = workbook(tmp_path / "laughs.xlsx", {"a": [["企业名称", "住所"], ["甲", "乙"]]})
    bomb = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><sst>&b;</sst>'
    with zipfile.ZipFile(path) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    with zipfile.ZipFile(path, "w") as new:
        for name, body in parts.items():
            new.writestr(name, bomb if "workbook.xml" in name and "rels" not in name else body)
    with pytest.raises(Refused, match=r"读不出来|没有数据"):
        take(path)


def test_two_imports_at_once_the_second_is_told(tmp_path) -> None:
    import psycopg
    from django.db import connection

    path = tmp_path / "register.csv"
    path.write_text(text([restaurant(1)]), "utf-8")
    keys = ("host", "port", "user", "password", "dbname")
    known = {key: value for key, value in connection.get_connection_params().items() if key in keys}
    with psycopg.connect(**known) as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        with pytest.raises(Refused, match="另一个导入"):
            take(path)
    assert take(path).result.created == 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("columns: {name: 名称}", "source：没有写"),
        ("source: 甲\ncolumns: {nam: 名称}", "没有名为 nam 的字段"),
        ("source: 甲\ncolumns: {uscc: 代码}", "必须有 name"),
        ("source: 甲\ncolumns: {name: 名称}\ncolums: {}", "colums：没有这一项"),
        ("source: 甲\ncolumns: {name: {column: 甲, fixed: 乙}}", "只能写一个"),
        ("source: 甲\ncolumns: {name: 甲, type: {column: 乙, values: {有限: CORP}}}", "CORP"),
        ("source: 甲\ncolumns: {name: 甲}\nrecords: [{kind: 检查, key: 号}]", "repeat: last"),
        ("source: 甲\ncolumns: {name: 甲}\nidentifiers: [{kind: PASSPORT, column: 号}]", "取值不认识"),
        (
            "source: 甲\nrepeat: last\ncolumns: {name: 甲}\n"
            "records: [{kind: 检查, key: 号, listed: {条款: {columns: 'v(\\d+'}}}]",
            "不是有效的匹配式：第 2 个字符处",
        ),
        ("source: 甲\ncolumns: {name: 甲, term_to: {column: 乙, formats: ['%d/%Q']}}", "不是完整的日期格式"),
        ("source: 甲\ncolumns: {name: 甲, term_to: {column: 乙, formats: ['%m/%d']}}", "不是完整的日期格式"),
        ("source: [", "YAML"),
        ("- 甲", "字段: 值"),
    ],
)
def test_a_mapping_with_faults_is_told_where(tmp_path, content: str, said: str) -> None:
    path = tmp_path / "map.yaml"
    path.write_text(content, "utf-8")
    with pytest.raises(Refused, match=said):
        mapping.read(path)


def test_a_mapping_names_a_column_that_is_not_there(tmp_path) -> None:
    path, chosen = tmp_path / "register.csv", tmp_path / "map.yaml"
    path.write_text(text([restaurant(1)]), "utf-8")
    chosen.write_text("source: 甲\ncolumns: {name: 企业名称, uscc: 信用代号}", "utf-8")
    with pytest.raises(Refused, match="没有对照表写的列：信用代号；表头有：企业名称"):
        take(path, map_path=chosen)


def test_every_shipped_mapping_is_valid() -> None:
    shipped = sorted(mapping.MAPS.glob("*.yaml"))
    assert shipped and all(mapping.read(Path(path.stem)).source for path in shipped)
