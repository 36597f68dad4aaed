"""Demand: trends are linked to products and become decision cards."""
