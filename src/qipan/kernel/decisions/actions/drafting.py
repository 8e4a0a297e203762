"""A table brought in from a DMN file as a draft; changed, released and put aside like every draft (`law.drafting`)."""

import datetime
import hashlib

from django.utils.translation import gettext as _

from qipan.kernel.decisions.dmn.importing import ImportProblems, imported
from qipan.kernel.decisions.drafted import KIND
from qipan.kernel.law.drafting import actions
from qipan.kernel.law.drafting.models import Draft
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.orgs.roles import Role


def draft_from_dmn(
    content: bytes,
    *,
    code: str,
    valid_from: datetime.date,
    reader: Reader,
    file_name: str = "",
    decision: str = "",
) -> Draft:
    """A draft from a DMN file, for a second person to release. `decision` names one of several tables in the file.

    Refuses, with all problems under details["problems"] (row, column, cell, why): broken XML, external entities,
    unknown hit policies, cells that are no FEEL, name nothing or have another type, gaps and overlaps. The same file
    under the same code and date again gives the draft that is there.
    """
    if reader.kind != "staff" or not reader.paths(Role.CATALOGUE_EDITOR):
        raise Refused(_("只有事项与规则编辑可以导入决策表。"), code="forbidden")
    try:
        body = imported(content, code=code, decision=decision, file_name=file_name)
    except ImportProblems as error:
        raise Refused(
            _("文件有 %(count)d 处问题，没有导入：%(text)s") % {"count": len(error.problems), "text": error},
            field="file",
            details={"problems": [vars(one) | {"text": str(one)} for one in error.problems]},
        ) from None
    return actions.begin(
        KIND,
        code,
        valid_from,
        reader=reader,
        body=body,
        file_name=file_name,
        file_digest=hashlib.sha256(content).hexdigest(),
    )
