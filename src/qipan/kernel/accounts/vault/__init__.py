"""The vault of personal data: encrypted with a key per person, found by blind index, shown masked."""
