"""The embedded model as shipped: data files only, no code."""
