"""Features as known at a moment: what models are served with, recorded each hour and replayed each day."""
