"""Learning: labelled posts become models whose quality is measured before they are used.

What belongs here: pure functions and small classes: what a task is, splits, features, metrics, the gate, storage of a
model as bytes. What doesn't: MLflow (``trend_assets/tracking.py``), reading and publishing (``trend_assets/training.py``,
``defs/models``). One file per task is in ``tasks/``.
"""
