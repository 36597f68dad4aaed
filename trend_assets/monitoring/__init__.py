"""Following models after their promotion: the label queue, labels that people give, how good predictions turned out to be.

What belongs here: reading the lake and the tracking store, calling a method, giving rows. What doesn't: methods
(``lib/learning``), training (``trend_assets/models``), Dagster definitions (``defs/monitoring``), pages (``board``).
"""
