"""The Registration building block of GovStack, as a thin façade: its routes over our items, cases, orders and files.

Transport only: every read is scoped to an account of ours, every write is one of our actions. Off until the operator
names its clients (`clients`).
"""
