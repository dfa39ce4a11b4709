"""Everything that runs without a screen, a home folder or a user's environment. See docs/architecture.md."""
