"""The composition root: what builds every object from a configuration, and owns start, reload, drain and processes."""
