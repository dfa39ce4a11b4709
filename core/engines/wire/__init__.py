"""What goes to a model's server and comes back, without the connection: `core.engines.remote` alone opens one."""
