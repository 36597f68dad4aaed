"""Influencers: who amplifies whom becomes who is amplified most."""
