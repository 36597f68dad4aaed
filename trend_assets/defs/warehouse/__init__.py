"""Warehouse: dbt models over the lake, published as one DuckDB file after their tests pass."""
