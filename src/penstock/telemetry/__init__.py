"""What is told about exchanges: metrics and the access log. Decides nothing."""
