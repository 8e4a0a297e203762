"""The texts of the pages' scripts: taken into the catalogue from their sources, sent with pages in another language."""

import json
import re

import pytest
from django.conf import settings
from django.test import Client

from qipan.conf import messages

pytestmark = pytest.mark.django_db
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def test_every_chinese_text_of_a_script_goes_through_the_catalogue() -> None:
    known = messages.script_texts()
    assert "已上传" in known and len(known) > 20
    for path in messages.SCRIPTS.rglob("*.ts"):
        for text in re.findall(r'"([^"\n]*)"|`([^`]*)`', path.read_text(encoding="utf-8")):
            for part in text:
                recorded = "经度" in part or part == "未取得定位"  # drawn into a photo, which is evidence
                assert not CHINESE.search(part) or part in known or recorded, (path.name, part)


def test_an_english_page_brings_their_english_and_a_chinese_one_nothing() -> None:
    client = Client()
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    page = client.get("/").content.decode()
    words = json.loads(re.search(r'<script id="words" type="application/json">(.*?)</script>', page)[1])
    assert set(words) == set(messages.script_texts())
    assert 'id="words"' not in Client().get("/").content.decode()
