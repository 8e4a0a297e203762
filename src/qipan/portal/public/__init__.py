"""Pages for everybody: find an item, follow a case, look up a business, verify a document, read what is published."""
