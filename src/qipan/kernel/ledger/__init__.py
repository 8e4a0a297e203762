"""Every event once: audit line, timeline, outbox and live feed."""
