"""The embedded model's tokens, window, edit plans and ranking: torch-free, shared by engine and training."""
