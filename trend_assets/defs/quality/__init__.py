"""Quality: what each day of the data was like, kept as counts, and whether the newest differs from those before."""
