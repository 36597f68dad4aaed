"""Tests of trend_assets; the folders mirror the package."""
