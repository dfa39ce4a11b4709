"""How long and how much a server may take. `core.engines.remote` holds every answer to it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds and bytes."""

    connect: float = 5.0
    read: float = 60.0
    """Between two bytes."""
    idle: float = 60.0
    """Between two parts with something in them; comments do not count."""
    total: float = 180.0
    stream_bytes: int = 32 * 1_048_576
    error_bytes: int = 65_536
    retries: int = 2
    queued: int = 60
    """Tries of a server that says after how many seconds to come back; the total limit ends it sooner."""
