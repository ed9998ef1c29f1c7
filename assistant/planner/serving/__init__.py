"""Running a model without training it: engine, memory, batch, and what limits them."""
