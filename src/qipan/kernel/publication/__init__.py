"""What must be published by when; masking, withdrawal, expiry."""
