"""Who is calling: client keys, and what a caller is called in logs and metrics."""
