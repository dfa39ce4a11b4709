"""torch: the transformer, and what runs it. Nothing else in core but `training` may import torch."""
