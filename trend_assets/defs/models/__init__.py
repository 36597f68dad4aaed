"""Models: from labelled posts to a champion whose predictions are published every hour; one set of assets per task."""
