"""Definitions of following models: the label queue, labels, outcomes, retraining."""
