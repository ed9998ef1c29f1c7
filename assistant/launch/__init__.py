"""A finished config handed over to Oumi: its command, checks before it starts, its output, what mends it where it fails."""
