"""Models: training, evaluation, champion and tracking.

What belongs here: everything between a task's file (``lib/learning/tasks``) and MLflow. What doesn't: the tasks, assets
(``defs/models``).
"""
