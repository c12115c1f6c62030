"""The management listener: health, and later the API and console. Never on the data port."""
