"""Which products a trend is about, what to do about their stock, and stock made up where a retailer gives none.

What belongs here: pure functions on Arrow tables. What doesn't: SQL that joins stock and orders (``dbt_project``).
"""
