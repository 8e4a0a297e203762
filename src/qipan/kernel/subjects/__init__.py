"""Market subjects, premises, identifiers, marks and the register of grants."""
