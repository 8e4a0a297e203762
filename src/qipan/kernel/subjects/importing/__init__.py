"""Taking in another register in bulk: staged by COPY, merged by sets, one event for the whole of it.

Promise: every row that was read is either taken in (created or updated), known already, or rejected with a reason;
the same file again changes nothing; what changed keeps its former state in the row history.
"""

from qipan.kernel.subjects.importing.intake import Delivery, Intake, Miscounted, Result
from qipan.kernel.subjects.importing.rows import Code, ImportedRow, Note, Place, Record, judged

__all__ = [
    "Code",
    "Delivery",
    "ImportedRow",
    "Intake",
    "Miscounted",
    "Note",
    "Place",
    "Record",
    "Result",
    "judged",
]
