"""An independent reader of the ledger: says whether a sealed event was edited, deleted, moved, swapped or rewritten.

Shares no code with the part that writes: it imports the standard library, psycopg, and one signature function, so that
an auditor can run it elsewhere, on a copy of the seals and of the public key that the city does not hold:

    python -m qipan.verifier DATABASE_URL --seals FOLDER --key ledger.pub.pem

What it reads is described in docs/ledger.md.
"""

from qipan.verifier.report import Finding, Report
from qipan.verifier.verify import verify

__all__ = ["Finding", "Report", "verify"]
