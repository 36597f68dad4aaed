"""Running it: what is due, what happened, what is removed.

What belongs here: sealing, runs, replay, alerts, housekeeping, the night report. What doesn't: schedules, sensors and jobs
themselves (``defs/``).
"""
