"""Values that obey a JSON Schema, for structured answers and tool arguments."""
