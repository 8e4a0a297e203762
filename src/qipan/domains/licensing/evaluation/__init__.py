"""Evaluation of services (好差评): one rating for each ended case, and what follows a bad one."""
