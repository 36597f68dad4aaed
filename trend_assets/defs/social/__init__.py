"""Social: landing files become raw posts, then clean posts."""
