"""Topics: clean posts become topics with permanent ids, hourly counts and trends."""
