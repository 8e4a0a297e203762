"""What every test shares. The database is the one DATABASE_URL names."""
