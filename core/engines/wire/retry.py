"""When a request is sent once more, and after how long. Pure: `remote` asks and waits.

Only what nothing has been read of is repeated. The server's own word (`x-should-retry`, `retry-after-ms`,
`Retry-After`, `retry_after` in the body) goes before the usual doubling.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

FIRST_SECONDS = 0.5
MOST_SECONDS = 8.0
_YEAR = 366 * 86_400
OPTIONAL = frozenset(
    {"diffusing", "max_completion_tokens", "max_tokens", "reasoning_effort", "stream_options", "temperature"}
)
"""Fields without which a request is still the same one."""


def worth(status: int, headers: Mapping[str, str]) -> bool:
    """Whether the same request may be answered otherwise later."""
    said = headers.get("x-should-retry", "").lower()
    if said in {"true", "false"}:
        return said == "true"
    return status in {408, 409, 425, 429} or status >= 500


def wait(attempt: int, asked: float | None, chance: float) -> float:
    """Seconds until the next try; `attempt` counts from 0, `asked` is the server's word, `chance` is 0..1."""
    if asked is not None:
        # Many that were told the same must not come back together, and nobody every millisecond.
        return max(asked * (1 + 0.25 * chance), FIRST_SECONDS if attempt > 1 else 0) if attempt else asked
    return float(min(MOST_SECONDS, FIRST_SECONDS * 2**attempt) * (1 - 0.25 * chance))


def asked(headers: Mapping[str, str], body: bytes, now: datetime) -> float | None:
    """The seconds that the server asks for; None where it says nothing that can be a wait: no time at all is none."""
    seconds = _told(headers, body, now)
    return seconds if seconds is not None and 0 < seconds <= _YEAR else None


def _told(headers: Mapping[str, str], body: bytes, now: datetime) -> float | None:
    milliseconds = _number(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return milliseconds / 1000
    after = headers.get("retry-after", "")
    if (seconds := _number(after)) is not None:
        return seconds
    if after and (date := _date(after)) is not None:
        return (date - now).total_seconds()
    if match := re.search(rb'"retry_after(_ms)?"\s*:\s*"?([0-9.]{1,12})', body[:65_536]):
        found = _number(match[2].decode())
        return found / 1000 if match[1] and found is not None else found
    return None


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None


def _date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, IndexError, TypeError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def unwanted(said: str, fields: Mapping[str, object]) -> str | None:
    """The optional field of a request that a refusal complains of, by its name in the server's sentence.

    What the question itself is made of is never one: without its prompt it would be another question.
    """
    words = set(re.findall(r"[a-z_]+", said.lower()))
    return next((name for name in fields if name in words and name in OPTIONAL), None)


def parsed(body: bytes) -> object:
    """The body as JSON; None where it is none."""
    try:
        found: object = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return found
