"""What a field of a config does, and what the run of a whole config will do."""
