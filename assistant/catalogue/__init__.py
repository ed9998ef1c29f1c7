"""Models, GPUs and datasets: data files, one reader, canonical names, did-you-mean."""
