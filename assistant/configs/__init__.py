"""Template layers and a plan make a config; a config becomes YAML with comments."""
