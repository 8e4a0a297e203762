"""Statements of the product, recorded to be sent again by psycopg alone."""

import re

EVENT = re.compile(r"(INSERT INTO ledger_event [^']*VALUES \()'[0-9a-f-]{36}'(?:::uuid)?")
"""The beginning of an event's INSERT with its identifier, which must be another each time."""
