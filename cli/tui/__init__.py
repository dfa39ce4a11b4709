"""The Textual app: watch an edit sharpen in place, review it, keep it. `cli.main` opens it; imported only then."""
