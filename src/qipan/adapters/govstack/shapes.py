"""Our rows in the shapes of the specification."""

from collections.abc import Sequence
from typing import Any

from qipan.adapters.govstack import queries
from qipan.adapters.govstack.models import Kind
from qipan.domains.licensing.models import Application
from qipan.kernel.flow.models import OrderState, WorkOrder
from qipan.kernel.forms import elements, schema
from qipan.kernel.forms import queries as forms
from qipan.kernel.items import queries as items
from qipan.kernel.items.models import Item
from qipan.kernel.orgs.roles import Role

#: Where a file stands, in the four words of the specification; every other state is under way. What went back to the
#: applicant undecided (withdrawn, ended) is no refusal.
DECIDED = {
    "CORRECTION": "SENDBACK",
    "WITHDRAWN": "SENDBACK",
    "TERMINATED": "SENDBACK",
    "GRANTED": "APPROVED",
    "ISSUED": "APPROVED",
    "REFUSED": "REJECTED",
    "NOT_ACCEPTED": "REJECTED",
}
DONE = {OrderState.DONE: "APPROVED", OrderState.RETURNED: "SENDBACK", OrderState.CANCELLED: "REJECTED"}


def services(rows: Sequence[Item]) -> list[dict[str, Any]]:
    """Items as services, under the names that others know them by."""
    known = queries.by_code(Kind.SERVICE, [row.code for row in rows])
    return [_service(row, known.get(row.code)) for row in rows]


def _service(row: Item, known: Any) -> dict[str, Any]:
    facts = {
        "code": row.code,
        "handling": row.handling,
        "law_days": str(row.law_days),
        "promise_days": str(row.promise_days),
    }
    return {
        "id": known.external if known else row.code,
        "name": known.title if known and known.title else row.name,
        "version": row.valid_from.isoformat(),
        "type": "Public",
        "isExecutable": row.handler == "licensing",
        "isClosed": True,
        "description": row.name,
        "serviceBody": [{"code": code, "value": value} for code, value in facts.items()],
    }


def form_line(row: Item) -> dict[str, Any]:
    """The form of an item: what it asks for in its present version."""
    form = forms.asked(row)
    known = queries.by_code(Kind.FORM, [row.code]).get(row.code)
    return {
        "eFormId": known.external if known else row.code,
        "name": form.title,
        "description": row.name,
        "version": form.valid_from.isoformat(),
        "latest": True,
    }


def form(row: Item, external: str) -> dict[str, Any]:
    """The same with its schema, under the name that it was asked for by."""
    asked = forms.asked(row)
    answers = schema.of_form(asked, optional=elements.known_elsewhere(asked))
    return {**form_line(row), "eFormId": external, "schema": answers}


class Files:
    """Applications as application files: what several need is looked up once."""

    def __init__(self, rows: Sequence[Application]) -> None:
        codes = {row.item_code for row in rows}
        self.rows = rows
        self.items = items.items_by_code(codes)
        self.services = queries.by_code(Kind.SERVICE, codes)
        self.forms = queries.by_code(Kind.FORM, codes)
        self.known = queries.by_record(Kind.APPLICATION, [row.pk for row in rows])
        self.documents = queries.files_of([row.pk for row in rows])

    def service(self, code: str) -> tuple[str, str]:
        """Identifier and name of a service."""
        known, item = self.services.get(code), self.items.get(code)
        name = known.title if known and known.title else item.name if item else code
        return (known.external if known else code), name

    def form(self, code: str) -> str:
        """Identifier of the form of an item."""
        known = self.forms.get(code)
        return known.external if known else code

    def number(self, row: Application) -> str:
        """The identifier of the file."""
        known = self.known.get(row.pk)
        return known.external if known else str(row.case.uuid)

    def applicant(self, row: Application) -> str:
        """The client's reference for who applied, else the business."""
        known = self.known.get(row.pk)
        if known and known.applicant:
            return known.applicant
        return str(row.case.subject.uuid) if row.case.subject else ""

    def file(self, row: Application, lacking: str = "") -> dict[str, Any]:
        """One application file. `lacking`: why it was not handed in yet."""
        identifier, name = self.service(row.item_code)
        status = _status(row)
        if lacking:
            status["title"] = f"{status['title']}：{lacking}"
        data = {code: {"value": value} for code, value in row.values.items()}
        return {
            "fileId": self.number(row),
            **_registered(row),
            "serviceId": identifier,
            "serviceName": name,
            "status": status,
            "ended": row.case.closed_at is not None,
            "applicationData": {
                "applicationName": row.case.title,
                "applicantId": self.applicant(row),
                "created": row.case.opened_at,
                "formData": {"data": data, "eFormId": self.form(row.item_code)},
                "documentUrls": self.documents.get(row.pk, []),
            },
        }

    def lines(self) -> list[dict[str, Any]]:
        """All of them as a list shows them."""
        return [self._line(row) for row in self.rows]

    def _line(self, row: Application) -> dict[str, Any]:
        identifier, name = self.service(row.item_code)
        owner = row.case.declared_state.owner
        role = {"roleId": owner.value, "roleName": str(owner.label)} if isinstance(owner, Role) else {}
        return {
            "fileId": self.number(row),
            "taskTitle": row.case.state_title,
            **role,
            "status": _status(row),
            "applicantId": self.applicant(row),
            "created": row.case.opened_at,
            **_registered(row),
            "description": row.case.title,
            "serviceName": name,
            "serviceId": identifier,
            "eformId": self.form(row.item_code),
            "documentUrls": self.documents.get(row.pk, []),
        }


def _status(row: Application) -> dict[str, str]:
    return {"code": DECIDED.get(row.case.state, "PENDING"), "title": row.case.state_title}


def _registered(row: Application) -> dict[str, Any]:
    return {"registered": row.submitted_at} if row.submitted_at else {}


class Tasks:
    """Work orders as tasks: what several need is looked up once."""

    def __init__(self, rows: Sequence[WorkOrder]) -> None:
        self.rows = rows
        cases = [row.case_id for row in rows if row.case_id]
        applications = Application.objects.filter(pk__in=cases)
        # Who may see an order sees what it is about; no more of the application is shown than that.
        self.items = dict(applications.values_list("pk", "item_code"))
        codes = set(self.items.values())
        self.names = items.items_by_code(codes)
        self.services = queries.by_code(Kind.SERVICE, codes)
        self.forms = queries.by_code(Kind.FORM, codes)
        self.files = queries.by_record(Kind.APPLICATION, cases)
        self.known = queries.by_record(
            Kind.TASK, [pk for row in rows for pk in (row.pk, row.parent_id) if pk is not None]
        )
        self.people = queries.by_record(Kind.PERSON, [row.assignee_id for row in rows if row.assignee_id])

    def number(self, row: WorkOrder) -> str:
        """The identifier of a task."""
        known = self.known.get(row.pk)
        return known.external if known else str(row.uuid)

    def about(self, row: WorkOrder) -> dict[str, str]:
        """Application file, service and form that a task is about; nothing for an order without a case."""
        if row.case_id is None or row.case is None:
            return {}
        file = self.files.get(row.case_id)
        said = {"fileId": file.external if file else str(row.case.uuid)}
        code = self.items.get(row.case_id)
        if code is None:
            return said
        service, form, item = self.services.get(code), self.forms.get(code), self.names.get(code)
        return said | {
            "serviceId": service.external if service else code,
            "serviceName": service.title if service and service.title else item.name if item else code,
            "eFormId": form.external if form else code,
        }

    def line(self, row: WorkOrder) -> dict[str, Any]:
        """A task as a list shows it."""
        above = {"mainTaskId": self.number(row.parent)} if row.parent is not None else {}
        return {"taskId": self.number(row), **above, "name": row.title, **self._common(row)}

    def detail(self, row: WorkOrder) -> dict[str, Any]:
        """One task."""
        result = {"result": {"value": row.result}} if row.result else {}
        names = {"taskId": self.number(row), "taskName": row.title}
        return {**names, **self._common(row), "formVariables": {}, "data": result}

    def _common(self, row: WorkOrder) -> dict[str, Any]:
        return {
            **self._assignee(row),
            "roleId": row.role,
            "created": row.issued_at,
            "description": row.requirement,
            **self.about(row),
            "status": status_of_task(row),
        }

    def _assignee(self, row: WorkOrder) -> dict[str, str]:
        if row.assignee_id is None:
            return {}
        known = self.people.get(row.assignee_id)
        return {"assigneeId": known.external if known else str(row.assignee_id)}


def status_of_task(row: WorkOrder) -> dict[str, str]:
    """Where a task stands."""
    return {"code": DONE.get(OrderState(row.state), "PENDING"), "title": str(row.get_state_display())}
