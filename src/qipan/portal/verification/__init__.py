"""Anyone verifies a document: by QR, by code, by the file itself."""
