"""Users, people, sign-in and the vault of personal data."""
