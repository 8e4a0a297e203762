"""Market subjects and what hangs on them."""

from qipan.kernel.subjects.models.certificates import Certificate
from qipan.kernel.subjects.models.clients import ApiClient
from qipan.kernel.subjects.models.grants import RUNNING, Grant, GrantState, LicenceSeries
from qipan.kernel.subjects.models.imports import RegisterImport, SourceRow
from qipan.kernel.subjects.models.mandates import Act, EndCause, Mandate, MandateState
from qipan.kernel.subjects.models.subjects import (
    ExternalRecord,
    Identifier,
    IdentifierKind,
    Mark,
    MarkKind,
    Premises,
    Representative,
    Status,
    StatusChange,
    Subject,
    SubjectType,
)

__all__ = [
    "RUNNING",
    "Act",
    "ApiClient",
    "Certificate",
    "EndCause",
    "ExternalRecord",
    "Grant",
    "GrantState",
    "Identifier",
    "IdentifierKind",
    "LicenceSeries",
    "Mandate",
    "MandateState",
    "Mark",
    "MarkKind",
    "Premises",
    "RegisterImport",
    "Representative",
    "SourceRow",
    "Status",
    "StatusChange",
    "Subject",
    "SubjectType",
]
