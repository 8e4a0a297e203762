"""The same work done with other parts, to compare with."""
