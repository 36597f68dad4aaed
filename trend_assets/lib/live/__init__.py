"""The live lane: provisional trends and rankings of the hours that are not sealed yet.

What belongs here: pure functions from sealed tables and live posts to live tables, and what sealing changed. What doesn't:
the methods themselves (``lib/topics``, ``lib/trends``, ``lib/influence``: both lanes use the same), reading and publishing
(``trend_assets/live/lane.py``).
"""
