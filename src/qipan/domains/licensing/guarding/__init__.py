"""The wrong-grant guard: what the rules granted yesterday is worked out again, on what was known then and on what is known now."""
