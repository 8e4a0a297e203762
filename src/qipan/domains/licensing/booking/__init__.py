"""Appointments for site checks (预约核查): within the limit, by the officers' calendars, two officers each."""
