"""What every test shares. The database is the one DATABASE_URL names."""

from hypothesis import HealthCheck, settings

# A shared machine is slow at times; a slow example is no failure.
settings.register_profile("qipan", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("qipan")
