"""The warehouse: DuckDB or BigQuery behind one interface, and dbt.

What belongs here: engines, how dbt sees the lake. What doesn't: SQL of the models (``dbt_project/``), assets (``defs/warehouse``).
"""
