"""Collectors: long-running processes that fetch posts from networks and write landing files.

What belongs here: sources behind one small interface (``source.py``), the loop that lands what they bring (``collector.py``) and
what it rests on: cursor, lease, gaps, metrics. What doesn't: decoding (``lib/sources``), landing files (``landing/``), Dagster.
"""
