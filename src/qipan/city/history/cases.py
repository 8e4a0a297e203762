"""Three years behind a block: closed cases with their events, checks and limits, publications, inspection results.

The rows are written as the engine and the actions would have left them, events included: each event has its own
digest in the ledger's canonical form and is sealed like any other. Nothing reacts to them (nobody is told today of a
licence of two years ago), and no paper is made: a licence of before has no file here until it is changed or renewed.
"""

import datetime
import json
import uuid
from typing import Any

import numpy as np

from qipan.city import shape
from qipan.city.copying import NULL, Ref, Sheet, bytes_text
from qipan.city.dice import Dice
from qipan.city.history.past import ZONE, HistorySheets, Past, json_text
from qipan.city.history.publishing import Publisher
from qipan.city.licences import Held
from qipan.city.places import Place
from qipan.city.registering import Block, Sheets
from qipan.city.staffing import People
from qipan.domains.licensing import events
from qipan.kernel.law.calendar import Calendar
from qipan.kernel.ledger.canonical import digest

FORMS = {
    "FB-NEW": ("NEW", "licensing.food_new"),
    "FB-RENEW": ("RENEW", "licensing.food_renew"),
    "FB-CANCEL": ("CANCEL", "licensing.food_cancel"),
    "FF-NEW": ("FILING", "licensing.filing_new"),
    "FF-CANCEL": ("FILING_CANCEL", "licensing.food_cancel"),
}
ITEM_NAMES = {
    "FB-NEW": "食品经营许可（餐饮服务）新办",
    "FB-RENEW": "食品经营许可延续",
    "FB-CANCEL": "食品经营许可注销",
    "FF-NEW": "仅销售预包装食品备案",
    "FF-CANCEL": "仅销售预包装食品备案注销",
}


class Historian:
    """Writes the history of blocks; case numbers count on from block to block."""

    def __init__(self, places: list[Place], people: People, calendar: Calendar) -> None:
        self.places = places
        self.people = people
        self.calendar = calendar
        self.sheets = HistorySheets()
        self.numbers: dict[str, int] = {}
        self.publisher = Publisher(places, calendar, self.sheets)

    def write(self, block: Block, held: Held, sheets: Sheets, grants: Sheet) -> None:
        """Everything that happened to the subjects of the block."""
        dice = block.dice("history")
        past = self._draw(block, held, dice)
        self._write_cases(block, held, past, sheets, grants, dice)
        self._write_events(block, held, past, sheets, grants, dice)
        self.publisher.grants(block, held, past, sheets, dice)
        self.publisher.inspections(block, held, sheets, dice)

    def _draw(self, block: Block, held: Held, dice: Dice) -> list[Past]:
        """Which cases there were, in the order in which they were decided."""
        today = block.plan.as_of
        since = today - datetime.timedelta(days=shape.HISTORY_DAYS)
        chance = dice.shares(held.count).tolist()
        found = []
        for at, row in enumerate(held.rows.tolist()):
            filing = held.kind[at] == "YB"
            if held.decided[at] >= since:
                item = "FF-NEW" if filing else "FB-RENEW" if held.renewed[at] else "FB-NEW"
                found.append(
                    Past(row, at, item, held.decided[at], filing or (held.renewed[at] and chance[at] < 0.8))
                )
            ended = held.ended[at]
            if ended and ended >= since and held.state[at] == "CANCELLED":
                found.append(Past(row, at, "FF-CANCEL" if filing else "FB-CANCEL", ended, True))
        chance_of_row = dice.shares(block.count)
        licensed = set(held.rows.tolist())
        for row in np.flatnonzero((block.risk != "") & (chance_of_row < 0.03)).tolist():
            if row not in licensed and block.status[row] == "ACTIVE":
                back = 1 + int(chance_of_row[row] / 0.03 * 700)
                day = self.calendar.add_working_days(today - datetime.timedelta(days=back), -1)
                if day > block.established[row].astype(datetime.date):
                    state = "REFUSED" if back % 3 else "WITHDRAWN"
                    found.append(Past(row, -1, "FB-NEW", day, False, state))
        found.sort(key=lambda each: (each.decided, each.row, each.item))
        for each, hour, wait in zip(
            found, dice.shares(len(found)).tolist(), dice.shares(len(found)).tolist(), strict=True
        ):
            self._take_course(block, each, hour, wait)
        return found

    def _take_course(self, block: Block, past: Past, hour: float, wait: float) -> None:
        """The moments and the people of one case, backwards from its decision."""
        place = self.places[block.street[past.row]]
        office = place.org_path.rstrip("/").split("/")[-1]

        def moment(day: datetime.date, shift: float = 0.0) -> datetime.datetime:
            seconds = int(3600 * (9 + 7.5 * ((hour + shift) % 1)))
            return datetime.datetime.combine(day, datetime.time(), ZONE) + datetime.timedelta(seconds=seconds)

        def someone(unit: str, post: str) -> int | None:
            there = self.people.holders(unit, post)
            return there[int(wait * 97) % len(there)] if there else None

        end = moment(past.decided)
        steps = past.steps
        if past.auto:
            past.submitted = end
            steps.append((events.SUBMITTED, "submit", "DRAFT", "SUBMITTED", end, "business", None))
            steps.append((events.GRANTED, "grant_by_rules", "SUBMITTED", "GRANTED", end, "rules", None))
        else:
            first = self.calendar.add_working_days(past.decided, -3 - int(wait * 6))
            accepted = self.calendar.add_working_days(first, 1)
            past.submitted = moment(first, 0.2)
            steps.append((events.SUBMITTED, "submit", "DRAFT", "SUBMITTED", past.submitted, "business", None))
            if past.state == "WITHDRAWN":
                steps.append((events.WITHDRAWN, "withdraw", "SUBMITTED", "WITHDRAWN", end, "business", None))
            else:
                checked = self.calendar.add_working_days(past.decided, -1)
                window, examiner = someone(place.bureau, "window"), someone(place.bureau, "examine")
                inspector, decider = someone(office, "inspector"), someone(place.bureau, "decide")
                steps.append(
                    (events.ACCEPTED, "accept", "SUBMITTED", "ACCEPTED", moment(accepted), "staff", window)
                )
                ordered = moment(accepted) + datetime.timedelta(minutes=50)
                steps.append(
                    (events.CHECK_ORDERED, "order_check", "ACCEPTED", "CHECKING", ordered, "staff", examiner)
                )
                visited = max(moment(checked, 0.5), ordered + datetime.timedelta(minutes=30))
                steps.append(
                    (
                        events.CHECK_CONCLUDED,
                        "finish_check",
                        "CHECKING",
                        "REVIEWED",
                        visited,
                        "staff",
                        inspector,
                    )
                )
                end = max(end, visited + datetime.timedelta(minutes=20))
                granted = past.state == "ISSUED"
                kind, code, state = (
                    (events.GRANTED, "grant", "GRANTED") if granted else (events.REFUSED, "refuse", "REFUSED")
                )
                steps.append((kind, code, "REVIEWED", state, end, "staff", decider))
        past.ended = end
        if past.state == "ISSUED":
            past.ended = end + datetime.timedelta(seconds=2)
            steps.append((events.ISSUED, "issue", "GRANTED", "ISSUED", past.ended, "system", None))
        series = f"{place.bureau}{past.item}{past.submitted:%Y%m%d}"
        self.numbers[series] = self.numbers.get(series, 0) + 1
        past.number = f"{place.bureau}-{past.item}-{past.submitted:%Y%m%d}-{self.numbers[series]:04d}"

    def _write_cases(
        self, block: Block, held: Held, past: list[Past], sheets: Sheets, grants: Sheet, dice: Dice
    ) -> None:
        count, mine = len(past), self.sheets
        rows = np.array([each.row for each in past], dtype=np.int64)
        places = [self.places[block.street[each.row]] for each in past]
        at = np.array([each.grant for each in past], dtype=np.int64)
        mine.cases.put(
            {
                "uuid": dice.uuids(count),
                "flow_code": "licensing.application",
                "flow_version": "1",
                "state": [each.state for each in past],
                "number": [each.number for each in past],
                "title": [f"{block.names[each.row]} {ITEM_NAMES[each.item]}" for each in past],
                "org_path": [place.org_path for place in places],
                "subject": Ref(sheets.subjects, rows),
                "premises": Ref(sheets.premises, block.premises_row[rows] if count else rows),
                "opened_at": [each.submitted.isoformat() for each in past],
                "rules_on": [each.submitted.date().isoformat() for each in past],
                "closed_at": [each.ended.isoformat() for each in past],
                "result": [{"ISSUED": "GRANTED", "REFUSED": "REFUSED"}.get(each.state, "") for each in past],
                "version": [str(1 + len(each.steps)) for each in past],
                "is_demo": "t",
            },
            count,
        )
        following = np.array(
            [each.item in {"FB-RENEW", "FB-CANCEL", "FF-CANCEL"} for each in past], dtype=bool
        )
        granted = np.array([each.state == "ISSUED" for each in past], dtype=bool)
        mine.applications.put(
            {
                "case": Ref(mine.cases, np.arange(count)),
                "item_code": [each.item for each in past],
                "kind": [FORMS[each.item][0] for each in past],
                "form_code": [FORMS[each.item][1] for each in past],
                "mode": ["AUTO" if each.auto else "NORMAL" for each in past],
                "answers": [json_text(self._answers(block, held, each)) for each in past],
                "known": [json_text(self._known(block, held, each)) for each in past],
                "grant": Ref(grants, np.where(following, at, -1)),
                "result_grant": Ref(grants, np.where(granted, at, -1)),
                "premises": Ref(sheets.premises, block.premises_row[rows] if count else rows),
                "submitted_at": [each.submitted.isoformat() for each in past],
                "decided_at": [
                    each.ended.isoformat() if each.state != "WITHDRAWN" else NULL for each in past
                ],
            },
            count,
        )
        self._write_checks(block, past, dice)
        self._write_clocks(past)

    @staticmethod
    def _answers(block: Block, held: Held, past: Past) -> dict[str, Any]:
        if past.item in {"FB-CANCEL", "FF-CANCEL"}:
            return {"cause": "STOPPED", "no_investigation": True, "truthful": True}
        if past.item == "FB-RENEW":
            return {
                "unchanged": past.auto,
                **({} if past.auto else {"changes": "更新部分设备设施"}),
                "truthful": True,
            }
        content = (
            held.data[past.grant] if past.grant >= 0 else {"main_format": "2", "items": ["HOT"], "marks": []}
        )
        return {"premises": block.addresses[past.row], **content, "truthful": True}

    @staticmethod
    def _known(block: Block, held: Held, past: Past) -> dict[str, Any]:
        known = {
            "name": block.names[past.row],
            "uscc": block.uscc[past.row] or block.reg_no[past.row],
            "domicile": block.addresses[past.row],
        }
        return known | (
            {"number": held.numbers[past.grant]} if FORMS[past.item][0] in {"RENEW", "CANCEL"} else {}
        )

    def _write_checks(self, block: Block, past: list[Past], dice: Dice) -> None:
        rows = [(at, each) for at, each in enumerate(past) if len(each.steps) > 3]
        officers, begun, concluded = [], [], []
        for _at, each in rows:
            office = self.places[block.street[each.row]].org_path.rstrip("/").split("/")[-1]
            there = self.people.holders(office, "inspector")
            officers.append(json.dumps(sorted(there[:2])))
            visited = each.steps[3][4]
            concluded.append(visited.isoformat())
            begun.append((visited - datetime.timedelta(minutes=40)).isoformat())
        self.sheets.checks.put(
            {
                "uuid": dice.uuids(len(rows)),
                "application": Ref(self.sheets.cases, np.array([at for at, _each in rows], dtype=np.int64)),
                "checklist_code": "LIC-CATER",
                "officers": officers,
                "started_at": begun,
                "concluded_at": concluded,
                "conclusion": ["FAIL" if each.state == "REFUSED" else "PASS" for _at, each in rows],
                "note": [
                    "专间面积和洗消设施不符合要求" if each.state == "REFUSED" else "" for _at, each in rows
                ],
            },
            len(rows),
        )

    def _write_clocks(self, past: list[Past]) -> None:
        """One limit a case: to decide, or, where the rules decided, to issue the licence."""
        due, started, rules, cases, ended = [], [], [], [], []
        for at, each in enumerate(past):
            if each.state == "WITHDRAWN":
                continue
            start = each.submitted if each.auto else each.steps[1][4]
            due.append(self.calendar.add_working_days(start.date(), 5 if each.auto else 10).isoformat())
            started.append(start.isoformat())
            rules.append("FBL23.issue" if each.auto else "FBL23.decide")
            cases.append(at)
            ended.append(each.ended.isoformat())
        self.sheets.clocks.put(
            {
                "case": Ref(self.sheets.cases, np.array(cases, dtype=np.int64)),
                "rule_code": rules,
                "rule_on": [text[:10] for text in started],
                "started_at": started,
                "due_on": due,
                "state": "MET",
                "ended_at": ended,
            },
            len(cases),
        )

    def _write_events(
        self, block: Block, held: Held, past: list[Past], sheets: Sheets, grants: Sheet, dice: Dice
    ) -> None:
        cases, subjects = self.sheets.cases, sheets.subjects.base
        uuids = iter(dice.uuids(sum(len(each.steps) for each in past)))
        lines = []
        for at, each in enumerate(past):
            path = self.places[block.street[each.row]].org_path
            for version, (kind, code, source, target, when, who, person) in enumerate(each.steps, start=2):
                data: dict[str, Any] = {
                    "transition": code,
                    "source": source,
                    "target": target,
                    "version": version,
                }
                if kind is events.SUBMITTED:
                    mode = "AUTO" if each.auto else "NORMAL"
                    data |= {
                        "item": each.item,
                        "kind": FORMS[each.item][0],
                        "channel": "web",
                        "mode": mode,
                        "reasons": [],
                    }
                elif kind is events.GRANTED:
                    data |= {"number": held.numbers[each.grant], "mode": "AUTO" if each.auto else "NORMAL"}
                elif kind is events.CHECK_CONCLUDED:
                    data |= {"conclusion": "FAIL" if each.state == "REFUSED" else "PASS"}
                elif kind is events.ISSUED:
                    data |= {
                        "number": held.numbers[each.grant],
                        "kind": FORMS[each.item][0],
                        "grant": grants.base + each.grant,
                    }
                values = {
                    "uuid": uuid.UUID(next(uuids)),
                    "at": when,
                    "name": kind.name,
                    "record_kind": "flow.case",
                    "record_id": cases.base + at,
                    "record_key": each.number,
                    "subject_id": subjects + each.row,
                    "org_path": path,
                    "actor_kind": who,
                    "actor_id": person,
                    "post": "",
                    "data": data,
                    "reason": "专间和洗消设施不符合规定条件。" if kind is events.REFUSED else "",
                }
                lines.append((at, each.row, values))
        self.sheets.events.put(
            {
                "uuid": [str(values["uuid"]) for _at, _row, values in lines],
                "at": [values["at"].isoformat() for _at, _row, values in lines],
                "name": [values["name"] for _at, _row, values in lines],
                "record_kind": "flow.case",
                "record_id": Ref(cases, np.array([at for at, _row, _values in lines], dtype=np.int64)),
                "record_key": [values["record_key"] for _at, _row, values in lines],
                "subject_id": Ref(
                    sheets.subjects, np.array([row for _at, row, _values in lines], dtype=np.int64)
                ),
                "org_path": [values["org_path"] for _at, _row, values in lines],
                "actor_kind": [values["actor_kind"] for _at, _row, values in lines],
                "actor_id": [NULL if v["actor_id"] is None else str(v["actor_id"]) for _at, _row, v in lines],
                "data": [json_text(values["data"]) for _at, _row, values in lines],
                "reason": [values["reason"] for _at, _row, values in lines],
                "digest": [bytes_text(digest(values)) for _at, _row, values in lines],
            },
            len(lines),
        )
