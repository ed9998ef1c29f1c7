"""Intent, hardware and catalogue in; a plan with every number and its reason out. Pure functions."""
