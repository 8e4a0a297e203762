"""Seals: DER by hand (fast, exact), keys in an encrypted store, PAdES for readers, GB/T 38540 for the law."""
