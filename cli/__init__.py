"""What a person or a hook touches: commands, live view, JSON lines, settings. Nothing here knows models."""
