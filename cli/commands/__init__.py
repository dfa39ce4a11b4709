"""One file a command, named for the word that the user types; each parses, calls core, shows, returns an int."""
