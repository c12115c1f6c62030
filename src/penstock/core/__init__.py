"""The words everything else is said in. Does no I/O and imports nothing of ours."""
