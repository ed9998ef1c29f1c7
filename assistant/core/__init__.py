"""Frozen values that every room shares: the intent, the hardware, the plan. No I/O here."""
