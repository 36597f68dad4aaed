"""The retailer's tables: from files and databases to rows of a day.

What belongs here: reading and landing them, proposing a mapping. What doesn't: what rows mean (``lib/retail``), mapping files
(``mappings/``).
"""
