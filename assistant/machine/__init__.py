"""What this machine has: GPUs, memory, files, models on disk, an installed Oumi."""
