"""The open interface under /api/v1/: what people do on the pages, programs do here, by the same actions and queries."""

from django.utils.translation import gettext_noop
from ninja import NinjaAPI
from ninja.operation import Operation

from qipan.domains.licensing.api import router as licensing
from qipan.domains.licensing.elicences.api import router as licence_calls
from qipan.domains.licensing.evaluation.api import router as evaluation
from qipan.portal.api.account import router as account
from qipan.portal.api.businesses import router as businesses
from qipan.portal.api.cases import router as cases
from qipan.portal.api.desk import router as desk
from qipan.portal.api.files import router as files
from qipan.portal.api.items import router as items
from qipan.portal.api.publications import router as publications
from qipan.portal.api.verification import router as verification
from qipan.ui.interface import problems
from qipan.ui.interface.reading import SafeParser
from qipan.ui.interface.throttling import USUAL

VERSION = "1.0"


class OpenInterface(NinjaAPI):
    """Operations are called by the names of their functions, which clients are generated from."""

    def get_openapi_operation_id(self, operation: Operation) -> str:
        return operation.view_func.__name__


api = OpenInterface(
    title="棋盘开放接口",
    version=VERSION,
    description="棋盘（Qipan）的开放接口：办事、查询、核验和办理。文字为简体中文，Accept-Language: en 时为英文。",
    urls_namespace="api",
    docs_url=None,
    openapi_url=None,
    parser=SafeParser(),
    throttle=USUAL,
)
problems.install(api)

api.add_router("/items", items, tags=[gettext_noop("事项")])
api.add_router("", account, tags=[gettext_noop("账户与主体")])
api.add_router("/applications", licensing, tags=[gettext_noop("申请")])
api.add_router("/applications", evaluation, tags=[gettext_noop("申请")])
api.add_router("/files", files, tags=[gettext_noop("材料")])
api.add_router("", cases, tags=[gettext_noop("办件与文书")])
api.add_router("", businesses, tags=[gettext_noop("查询")])
api.add_router("/licence-calls", licence_calls, tags=[gettext_noop("证照调用")])
api.add_router("/verifications", verification, tags=[gettext_noop("核验")])
api.add_router("", publications, tags=[gettext_noop("公示与开放数据")])
api.add_router("/desk", desk, tags=[gettext_noop("工作人员")])
