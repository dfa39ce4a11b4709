"""What a user asks of the bare sampler, looked at before anything is loaded: numbers that can mean something, and which
of them the family's sampler never reads.

Called by `cli.commands.models`. Imports no torch. What only the checkpoint can say (its vocabulary, its blocks) is
`sample`'s to check.
"""

from __future__ import annotations

from sharpen.core.diffusion.families import Family, Sampler
from sharpen.core.diffusion.options import Options
from sharpen.core.errors import BadInput

MOST = 1_000_000
"""Steps, tokens of a block, tokens of a canvas: beyond it a run is a slip of the finger."""
SEEDS = (-(2**63), 2**63 - 1)
"""What torch takes, and a batch can still count up from."""
COLD, HOT = 1e-6, 1e6
"""Temperatures with which a float32 neither vanishes nor overflows."""
_COUNTS = ("steps", "block", "length")
_SHARES = ("top_p", "threshold", "editing_threshold")
_WARMTHS = ("temperature", "alg_temp")

_DREAM = ("steps", "top_k", "top_p", "alg_temp")
_READ: dict[Sampler, tuple[str, ...]] = {
    "llada": ("steps", "block"),
    "mdlm": ("steps", "block"),
    "bd3lm": ("steps", "block"),
    "dream": _DREAM,
    "dreamon": _DREAM,
    "opendcoder": _DREAM,
    "sdar": ("steps", "block", "top_k", "top_p", "threshold"),
    "fastdllm": ("block", "top_p", "threshold"),
    "llada2.0": ("steps", "block", "top_k", "top_p", "threshold", "eos_early_stop"),
    "llada2.1": ("steps", "block", "top_k", "top_p", "threshold", "editing_threshold", "eos_early_stop"),
}
"""What each official sampler reads beside the algorithm, the length, the temperature and the seed."""
_NEUTRAL = {"top_k": 0, "top_p": 1.0, "alg_temp": 0.0, "eos_early_stop": False}
"""Values that say what is so without them."""


def check(options: Options) -> None:
    """Raise BadInput for a number that nothing could be done with."""
    for name in _COUNTS:
        value = getattr(options, name)
        if value is not None and not 1 <= value <= MOST:
            raise BadInput(f"{flag(name)} must be from 1 to {MOST}, not {value}", f"{flag(name)} 8")
    for name in _SHARES:
        value = getattr(options, name)
        if value is not None and not 0 <= value <= 1:
            raise BadInput(f"{flag(name)} must be from 0 to 1, not {value}", f"{flag(name)} 0.9")
    for name in _WARMTHS:
        value = getattr(options, name)
        if value is not None and value != 0 and not COLD <= value <= HOT:
            raise BadInput(
                f"{flag(name)} must be 0, or from {COLD} to {HOT}, not {value}", f"{flag(name)} 0.7"
            )
    if options.top_k is not None and options.top_k < 0:
        raise BadInput(f"--top-k must be 0 or above, not {options.top_k}", "--top-k 50, or 0 for all tokens")
    if options.seed is not None and not SEEDS[0] <= options.seed <= SEEDS[1]:
        raise BadInput(f"--seed must fit into 64 bits, {options.seed} does not", "--seed 1")


def idle(family: Family, options: Options) -> tuple[str, ...]:
    """Flags that were given and that this sampler never reads, in the order of the options."""
    official = options.exact or family.sampler == "dreamon" or options.algorithm == "p2"
    read = set(_READ[family.sampler] if official else _read_fast(family, options))
    if official and family.sampler == "sdar" and not _by_confidence(options):
        read.discard("threshold")
    if official and (options.algorithm or family.algorithms[0]) in {"origin", "p2"}:
        read.discard("alg_temp")
    names = (*_COUNTS[:2], "top_k", "top_p", "alg_temp", "threshold", "editing_threshold", "eos_early_stop")
    given = [name for name in names if getattr(options, name) not in {None, _NEUTRAL.get(name)}]
    return tuple(flag(name) for name in given if name not in read)


def _read_fast(family: Family, options: Options) -> set[str]:
    read = {"steps", "block", "eos_early_stop"}
    if options.temperature:
        read |= {"top_k", "top_p"}
    if options.algorithm in {None, "threshold", "low_confidence_dynamic"}:
        read.add("threshold")
    if family.sampler == "llada2.1":
        read.add("editing_threshold")
    return read


def _by_confidence(options: Options) -> bool:
    return options.algorithm in {None, "low_confidence_dynamic"}


def flag(name: str) -> str:
    """The option as it is typed."""
    return f"--{name.replace('_', '-')}"
