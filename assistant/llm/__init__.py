"""The language model at the edge: prompts, extraction, and explanations that are checked against the plan."""
