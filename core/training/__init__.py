"""Corpus, breaks, objective, training loop and export of the embedded model (extra `train`)."""
