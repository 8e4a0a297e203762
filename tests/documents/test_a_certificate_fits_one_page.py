"""However long the names, addresses and items are, a certificate is one page that says all of them."""

import io

import pytest
from django.utils import timezone
from pypdf import PdfReader

from qipan.kernel.documents import rendering
from qipan.kernel.documents.models import Template
from tests.law.catalogues import load_catalogues

pytestmark = pytest.mark.django_db
ITEMS = "；".join(["热食类食品制售", "冷食类食品制售", "生食类食品制售", "糕点类食品制售", "自制饮品制售", "散装食品销售"] * 5)


@pytest.mark.parametrize("code", ["licensing.certificate", "licensing.certificate_copy", "licensing.filing"])
@pytest.mark.parametrize("times", [1, 12])
def test_a_certificate_is_one_page(code: str, times: int) -> None:
    load_catalogues()
    template = Template.objects.filter(code=code).latest("valid_from")
    data = {
        "title": template.title,
        "seal_name": "深圳市市场监督管理局福田监管局",
        "seal_picture": "",
        "qr": "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><rect width='9' height='9'/></svg>",
        "verify_code": "ABCD2345EFGH6789JKLM",
        "date": "2026年11月25日",
        "licence_number": "JY24403040000019",
        "name": "深圳市福田区粤味小馆" * times,
        "uscc": "92440304MA5000014L",
        "legal_rep": "王小明",
        "domicile": "深圳市福田区园岭街道红荔路1号" * times,
        "premises": "深圳市福田区园岭街道红荔路1号首层" * times,
        "main_format": "餐饮服务经营者",
        "items": ITEMS if times > 1 else "热食类食品制售",
        "valid_to": "2031年11月24日",
        "supervisor": "园岭监管所",
        "hotline": "12315",
        "issuer": "深圳市市场监督管理局福田监管局",
    }
    reader = PdfReader(io.BytesIO(rendering.render(template.body, data, timezone.now())))
    assert len(reader.pages) == 1
    text = "".join(reader.pages[0].extract_text().split())
    assert data["name"] in text and data["premises"] in text and data["licence_number"] in text
    assert code == "licensing.filing" or data["items"] in text
