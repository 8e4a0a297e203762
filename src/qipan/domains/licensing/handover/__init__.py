"""Matters that another authority decides: handed over through an adapter; only its answer comes back, never a licence of ours."""
