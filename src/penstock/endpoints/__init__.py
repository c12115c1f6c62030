"""Public paths: one file each, found by scanning this folder."""
