"""Renewals that the platform starts (无感申办): prepared and offered, never taken without the holder."""
