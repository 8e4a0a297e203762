"""The demo city: a deterministic generator and a simulator of a Shenzhen-sized city."""
