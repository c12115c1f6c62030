"""Providers to develop and test against without a key: real wire formats, faults by model name."""
