"""How much memory a model of the local engine takes, measured in a process of its own. Linux only."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from benchmarks.local_ways import Work

MEMORY = """
import json, resource, sys
from pathlib import Path
import torch
from benchmarks.local_ways import Work, quickly, timed
from sharpen.core.diffusion.load import load
def peak():
    return int(next(l.split()[1] for l in open("/proc/self/status") if l.startswith("VmHWM"))) * 1024
before = peak()
loaded = load(Path(sys.argv[1]), "a2d-mdlm", dtype=sys.argv[2])
timed(quickly(loaded, Work(*map(int, sys.argv[3:7]))))
print(json.dumps({"before": before, "peak": peak()}))
"""


def memory(folder: Path, work: Work, dtype: str) -> tuple[float, float]:
    """Peak memory beyond the bare process, in a process of its own, and the checkpoint's size. Bytes; Linux only."""
    sizes = [str(n) for n in (work.prompt, work.length, work.block, work.steps)]
    command = [sys.executable, "-c", MEMORY, str(folder), dtype, *sizes]
    root = Path(__file__).resolve().parent.parent
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    said = json.loads(done.stdout.splitlines()[-1])
    return said["peak"] - said["before"], (folder / "model.safetensors").stat().st_size
