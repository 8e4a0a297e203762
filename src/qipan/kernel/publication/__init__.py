"""What must be published by when (公示): obligations with limits, masking, withdrawal, expiry, open data."""
