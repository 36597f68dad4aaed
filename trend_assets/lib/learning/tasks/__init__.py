"""One file per task. The file's name is the task's name; see ``contract.py``, or write one with `trend-assets models new`.

What belongs here: a class with ``train`` and ``predict`` per file, heavy imports inside its methods. What doesn't: helpers
that several tasks share (beside this folder).
"""
