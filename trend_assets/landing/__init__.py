"""Landing files: records as they came, from arrival to raw tables.

What belongs here: writing, listing and reading them, late ones, the account of every record. What doesn't: decoding of
records (``lib/sources``).
"""
