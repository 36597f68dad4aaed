"""Privacy: pseudonyms of accounts, posts that are gone.

What belongs here: functions that hide or erase persons. What doesn't: access control.
"""
