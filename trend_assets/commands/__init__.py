"""Commands of the command line, one module each.

What belongs here: a module per command (or family of commands) with ``register(app)``: options, help, printing. What doesn't:
work (each command calls one function elsewhere), imports of heavy modules at the top (``--help`` must answer at once).
"""
