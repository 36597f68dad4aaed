"""A retailer's files to retail tables: mapping, decoding, values, references, quarantine.

What belongs here: pure functions from bytes and Arrow tables to Arrow tables. What doesn't: opening files
(``trend_assets/retail/files.py``) and demand (``lib/demand``).
"""
