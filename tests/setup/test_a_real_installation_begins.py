"""An installation without demo data: its first administrator comes from the command line, and no demo gets in."""

import json
from collections.abc import Iterator

import pytest

from tests.setup.systems import System, folder_for_all

pytestmark = pytest.mark.slow


@pytest.fixture
def empty(prepared: System) -> Iterator[System]:
    with folder_for_all() as folder:
        system = System(prepared.tree, folder / "home", command="serve")
        try:
            yield system
        finally:
            system.end()


def test_from_an_empty_home_to_the_first_people(empty: System) -> None:
    loaded = empty.run("load")
    assert loaded.returncode == 0 and "新增" in loaded.stderr, loaded.stderr
    again = empty.run("load")
    assert again.returncode == 0 and "新增 0 行" in again.stderr, again.stderr

    nobody = empty.run("staff", "appoint", "zhang.san", "--unit", "SZ", "--post", "system")
    assert nobody.returncode == 1 and "--name" in nobody.stderr
    wrong = empty.run("staff", "appoint", "zhang.san", "--unit", "SZ", "--post", "boss")
    assert wrong.returncode == 1 and "security" in wrong.stderr
    first = empty.run(
        "staff", "appoint", "zhang.san", "--name", "张三", "--number", "0001", "--unit", "SZ", "--post", "system", "--json"
    )  # fmt: skip
    assert first.returncode == 0 and len(json.loads(first.stdout)["password"]) > 12, first.stderr
    both = empty.run("staff", "appoint", "zhang.san", "--unit", "SZ", "--post", "audit")
    assert both.returncode == 1 and "三权分立" in both.stderr
    posts = empty.run("staff", "posts", "SZ")
    assert "zhang.san" in posts.stdout and "(空缺)" in posts.stdout
    again = empty.run("staff", "reset-password", "zhang.san", "--reason", "忘记密码")
    assert again.returncode == 0 and len(again.stdout.strip()) > 12
    assert empty.run("work", "--retry-failed").returncode == 0
    assert empty.run("ledger", "verify").returncode == 0

    empty.start()
    assert "QIPAN_BASE_URL" in empty.said and "示范账号" not in empty.said
    assert "反向代理" in empty.said
    empty.interrupt()
    demo = empty.run("demo")
    assert demo.returncode == 1 and "正式系统" in demo.stderr
    city = empty.run("city")
    assert city.returncode == 1 and "正式系统" in city.stderr
