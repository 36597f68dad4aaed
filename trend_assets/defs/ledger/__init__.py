"""Definitions of the ledgers."""
