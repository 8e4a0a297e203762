"""bandit over the product: what it finds of medium weight or more is explained here, file by file, or fails."""

import json
import subprocess
import sys
from collections import Counter

import pytest
from django.conf import settings

IDENTIFIERS = (
    "only names of tables and columns are put in, from the models or from constants; values are parameters"
)
PATHS = "a place that is checked for its owner and mode before it is used, or a name that is only compared"

EXPLAINED: dict[tuple[str, str], str] = {
    ("B608", "city/clearing.py"): IDENTIFIERS,
    ("B608", "conf/saving.py"): IDENTIFIERS,
    ("B608", "kernel/subjects/importing/entering.py"): IDENTIFIERS,
    ("B608", "kernel/subjects/importing/intake.py"): IDENTIFIERS,
    ("B608", "kernel/subjects/importing/matching.py"): IDENTIFIERS,
    ("B608", "kernel/subjects/importing/people.py"): IDENTIFIERS,
    ("B608", "kernel/subjects/lookup.py"): IDENTIFIERS,
    ("B608", "kernel/flow/migrations/0004_second_wall.py"): IDENTIFIERS,
    ("B608", "kernel/flow/queries/boxes.py"): "statements that the ORM made, with its parameters",
    ("B608", "kernel/flow/queries/cases.py"): "statements that the ORM made, with its parameters",
    ("B611", "kernel/ledger/dispatch.py"): "a constant statement with parameters",
    (
        "B506",
        "kernel/law/catalogue.py",
    ): "the loader is a subclass of the safe one (test_the_code_calls_nothing_dangerous)",
    ("B506", "portal/staff/row_designer.py"): "the same loader, after the text was found harmless",
    ("B308", "domains/licensing/elicences/views/mine.py"): "a drawing of ours of an address of ours",
    ("B703", "domains/licensing/elicences/views/mine.py"): "a drawing of ours of an address of ours",
    ("B308", "ui/citations.py"): "a constant around texts that format_html has escaped",
    ("B703", "ui/templatetags/ui.py"): "tags are constants, texts are escaped by format_html_join",
    ("B104", "cli/start.py"): "the operator's own choice of --host; compared, to say what it means",
    ("B104", "ui/signin/address.py"): "what an address is called that is none; nothing listens there",
    ("B108", "conf/postgres/place.py"): PATHS,
}


@pytest.mark.slow
def test_every_finding_is_explained_and_every_explanation_used() -> None:
    source = settings.ROOT / "src" / "qipan"
    done = subprocess.run(
        [
            sys.executable,
            "-P",
            "-m",
            "bandit",
            "-q",
            "-r",
            str(source),
            "--severity-level",
            "medium",
            "-f",
            "json",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    told = json.loads(done.stdout)
    assert told["errors"] == [] and told["metrics"]["_totals"]["loc"] > 20_000
    found = Counter(
        (one["test_id"], one["filename"].split("/src/qipan/")[-1].removeprefix("src/qipan/"))
        for one in told["results"]
    )
    assert set(found) - set(EXPLAINED) == set()
    assert set(EXPLAINED) - set(found) == set()
    assert not [one for one in told["results"] if one["issue_severity"] == "HIGH"]
