"""Rescission (撤销) of a licence that should not have been granted: from the finding to the decision (LicProc 40-47)."""
