"""`sharpen serve`: an engine over HTTP, in the protocol of the remote engine."""
