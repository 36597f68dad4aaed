"""Privacy: pseudonyms of accounts. What belongs here: functions that hide or erase persons. What doesn't: access control."""
