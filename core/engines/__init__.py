"""Engines: one verb each, `refine`. The session picks one by name; see `core.engines.choose`."""
