"""Language models behind one small class: what they read is checked, what they say is checked, and no plan needs them."""
