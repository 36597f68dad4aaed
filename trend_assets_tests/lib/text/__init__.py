"""Tests of trend_assets.lib.text."""
