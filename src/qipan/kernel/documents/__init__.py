"""Templates to PDF, numbering, seals, e-licence files and public verification."""
