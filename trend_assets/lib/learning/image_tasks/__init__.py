"""One file per task whose examples are images. The file's name is the task's name; see ``contract.py``.

What belongs here: a class with ``source = "images"``, ``train`` and ``predict`` per file, heavy imports inside its methods. What
doesn't: reading and checking of image files (``lib/learning/vision``), tasks of posts (``tasks/``).
"""
