"""Makes `docs/recording.gif` from a real run: a file of the demo is repaired, recorded, and exported.

python tools/recording.py [FILE.gif]
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
SHARPEN = [sys.executable, "-P", "-m", "sharpen.cli"]


def main() -> None:
    """Record, then export."""
    target = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "docs" / "recording.gif").resolve()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copy(ROOT / "cli" / "demo" / "invoice.py", folder)
        fix = [*SHARPEN, "fix", "invoice.py", "--dry-run", "--record", "run.jsonl", "--exit-zero"]
        subprocess.run(fix, cwd=folder, check=True, stdout=subprocess.DEVNULL)
        subprocess.run([*SHARPEN, "replay", "run.jsonl", "--export", str(target)], cwd=folder, check=True)


if __name__ == "__main__":
    main()
