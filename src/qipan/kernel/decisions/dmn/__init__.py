"""DMN XML: read, run and written (Decision Model and Notation, OMG, 1.1 to 1.6 read, 1.3 written)."""
