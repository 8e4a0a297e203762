"""A small city for the tests of e-licences, with the one article of law that they rest on."""

import pytest

from qipan.kernel.law import library
from qipan.kernel.orgs.roles import Role
from tests.law.catalogues import load_catalogues
from tests.licensing.city import City
from tests.orgs.factories import StaffFactory, UnitTree

SHARING = {
    "name": "国务院关于在线政务服务的若干规定",
    "as_of": "2019-04-26",
    "source": "test",
    "head": "",
    "articles": [
        {
            "no": "第七条",
            "chapter": "",
            "text": "能够通过国家统一的在线政务服务平台共享获得的信息，不得要求另行提供。",
        }
    ],
}


class Town:
    """Units and catalogues without seals, for what makes no file."""

    def __init__(self) -> None:
        load_catalogues()
        self.tree = UnitTree()
        self.inspectors = [StaffFactory(role=Role.INSPECTOR, unit=self.tree.offices[0])]


@pytest.fixture
def town(settings, tmp_path) -> Town:
    settings.HOME = tmp_path
    library.load([SHARING])
    return Town()


@pytest.fixture
def city(settings, tmp_path) -> City:
    settings.HOME = tmp_path
    library.load([SHARING])
    return City()
