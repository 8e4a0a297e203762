"""Site checks and inspections on a phone, rectification and results."""
