"""What the doctor looks at, a module for each part of a setup.

What belongs here: checks, functions of the ``Surroundings`` that look and return a ``Diagnosis``; they change nothing. What
doesn't: running and printing them (``doctor/examination.py``), checks of the data in tables (``defs/*/checks.py``).
"""
