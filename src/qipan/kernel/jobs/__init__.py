"""Background jobs behind one thin interface: queued in the business transaction, reaped when a worker dies."""
