"""Configuration: every dialect compiles to the same Snapshot."""
