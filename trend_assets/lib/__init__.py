"""The thinking of the project: pure functions on Arrow tables and arrays.

What belongs here: functions that take data and return data. What doesn't: Dagster, the lake, clocks, environment
variables, network; they come in as parameters at the edge (``import-linter`` enforces the first).
"""
