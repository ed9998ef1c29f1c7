"""Rendering: the one room that writes to the screen. It shows finished values and decides nothing."""
