"""The ground floor: small, general rooms that know no domain."""
