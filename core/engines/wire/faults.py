"""Every way in which a server can fail, as one sentence and something to do about it.

`remote` and `chunks` raise what is made here. A server's own words are shown cut, made harmless, and without the key
or any line of what was sent to it: providers echo both. Invariant: everything here is EngineUnavailable, exit 3, but for a
sharpen that says that it worked and found nothing that holds: that is NothingHeld here as it is there.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from sharpen.core.engines.wire.harmless import sentence
from sharpen.core.engines.wire.retry import parsed
from sharpen.core.errors import EngineUnavailable, NothingHeld, SharpenError

NOTHING_HELD = "nothing_held"
"""The code of that error."""
_ECHO_CHARS = 16
"""A line of the prompt shorter than this says nothing by being repeated."""


class Refusal(EngineUnavailable):
    """The server answered with an error status."""

    status: int = 0
    said: str = ""


@dataclass(frozen=True, slots=True)
class Server:
    """Who is spoken of, and what must not be repeated of it."""

    name: str
    """The engine as the user types it."""
    host: str
    key: str = field(default="", repr=False)
    keys_hint: str = ""
    """How a key is set."""
    sent: tuple[str, ...] = field(default=(), repr=False)
    """Texts that were sent."""

    def fault(self, what: str, hint: str = "") -> EngineUnavailable:
        """`what` is a clause about the server."""
        return EngineUnavailable(f"{self.host} {self.redacted(what)}; nothing was applied", hint)

    def redacted(self, said: str) -> str:
        """Without the key, however it is written; before anything is cut off, or half of it would stay."""
        if self.key:
            said = re.sub(re.escape(self.key), "[key]", said, flags=re.IGNORECASE)
        return re.sub(r"(?i)\b(bearer\s+|sk[-_])[\w.\-]{8,}", "[key]", said)

    def clean(self, said: str) -> str:
        """The server's words as they may be shown."""
        said = self.redacted(said)
        for line in {line.strip() for text in self.sent for line in text.splitlines()}:
            if len(line) >= _ECHO_CHARS and line in said:
                said = said.replace(line, "[your text]")
        return sentence(said)


def words(body: bytes | object) -> str:
    """What an error body says, wherever it says it; empty where it says nothing."""
    found = parsed(body) if isinstance(body, bytes) else body
    if isinstance(found, str):
        return found
    if not isinstance(found, Mapping):
        return _page(body) if isinstance(body, bytes) else ""
    error = found.get("error")
    inner = error.get("message") if isinstance(error, Mapping) else error
    for said in (inner, found.get("message"), found.get("detail"), found.get("title")):
        if text := _flat(said):
            return text
    return ""


def _flat(said: object) -> str:
    if isinstance(said, str):
        return said
    if isinstance(said, list):
        return "; ".join(filter(None, (_flat(item) for item in said[:5])))
    if isinstance(said, Mapping):
        place = said.get("loc")
        where = ".".join(str(part) for part in place) + ": " if isinstance(place, list) else ""
        text = _flat(said.get("msg") or said.get("message"))
        return where + text if text else ""
    return ""


def _page(body: bytes) -> str:
    """The title of an HTML page, or a short plain text."""
    text = body[:4096].decode("utf-8", "replace")
    if title := re.search(r"(?is)<title[^>]{0,99}>([^<]{1,200})", text):
        return html.unescape(title[1])
    return "" if "<" in text else text


_STATUS: dict[int, tuple[str, str]] = {
    400: ("refused the request", ""),
    401: ("does not accept the key", "{keys}"),
    402: ("has no credit left for this key", "add credit there, or choose another engine: --engine embedded"),
    403: ("does not let this key use the model", "{keys}"),
    404: (
        "knows no such model or address",
        "check the address, or name another with #MODEL; in the app, F2 lists what the server has",
    ),
    408: ("gave up waiting", "try again"),
    413: ("finds the request too large", "name a smaller region: PATH::SYMBOL"),
    422: ("does not understand the request", ""),
    429: ("takes no more requests from you just now", "wait a minute, or use another engine"),
}


def of_status(server: Server, status: int, body: bytes, seconds: float | None = None) -> Refusal:
    """An answer that is an error. `seconds`: how long it asks to wait."""
    what, hint = _STATUS.get(status, ("", ""))
    said = _once(server.clean(words(body)))
    if 300 <= status < 400:
        what, hint, said = "sends elsewhere, which is not followed", "name the final address", ""
    elif status >= 500:
        what, hint = "has a failure of its own", "try again later, or use another engine"
    elif not what:
        what = f"answered {_phrase(status)}"
    if re.search(
        r"context.{0,12}(length|window)|too (many tokens|long)|maximum.{0,20}tokens", said, re.IGNORECASE
    ):
        hint = "name a smaller region: PATH::SYMBOL"
    if seconds is not None and seconds >= 1:
        hint = f"it asks to wait {seconds:.0f} s"
    told = f"{server.host} {what} ({status}{': ' + said if said else ''}); nothing was applied"
    fault = Refusal(told, hint.replace("{keys}", server.keys_hint))
    fault.status, fault.said = status, said
    return fault


def _once(said: str) -> str:
    """Another sharpen's sentence without its end, which ours says again."""
    return re.sub(r"; nothing was (written|applied)\b", "", said)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase.lower()
    except ValueError:
        return "with no known status"


def nothing_held(server: Server, body: bytes | object) -> NothingHeld | None:
    """What a sharpen says that found no edit which holds; None for every other error."""
    found = parsed(body) if isinstance(body, bytes) else body
    error = found.get("error") if isinstance(found, Mapping) else None
    if not isinstance(error, Mapping) or error.get("code") != NOTHING_HELD:
        return None
    said = _once(server.clean(words(found)))
    return NothingHeld(
        f"{server.host} answered that {said}; nothing was written",
        "name a smaller region, or try another engine",
    )


def in_stream(server: Server, body: object) -> SharpenError:
    """An error that comes as a part of the answer."""
    if (held := nothing_held(server, body)) is not None:
        return held
    said = _once(server.clean(words(body)))
    return server.fault(f"broke off: {said}" if said else "broke off with an error", "try again")


ENDINGS: dict[str, tuple[str, str]] = {
    "length": (
        "cut the answer off at its length limit", "choose a smaller region (PATH::SYMBOL), or a model with a larger one"
    ),
    "content_filter": ("withheld the answer (its content filter)", "word the prompt otherwise"),
    "tool_calls": ("asked for a tool in place of answering", "try again, or name another model"),
}  # fmt: skip


def ending(server: Server, reason: str) -> EngineUnavailable:
    """An answer that ended for another reason than being finished."""
    what, hint = ENDINGS.get(
        reason, (f"ended the answer with {sentence(server.clean(reason), 40)!r}", "try again")
    )
    return server.fault(what, hint)
