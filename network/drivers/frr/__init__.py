"""FRRouting: candidate, difference, timed commit, confirm and rollback over SSH."""
