"""Retail: the retailer's own files become daily tables."""
