"""Learning: labelled posts become models whose quality is measured before they are used.

What belongs here: pure functions and small classes: what a task is, splits, features, metrics, the gate, storage of a
model as bytes. What doesn't: MLflow (``trend_assets/models/tracking.py``), reading and publishing (``trend_assets/models/training.py``,
``defs/models``). One file per task is in ``tasks/``.
"""
