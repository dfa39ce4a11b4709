"""Files and git: find, git (the only place that runs it), apply (the only writer), journal."""
