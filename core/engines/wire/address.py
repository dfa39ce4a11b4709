"""Where a model is served: a base address as it was typed, brought into one form, and what may be sent there.

`core.engines.choose` makes one of an engine's name; `remote` connects to it. Invariant: a key never goes over a
connection that others can read, unless the user has named that very host for it. It opens nothing and looks nothing up.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from sharpen.core.errors import BadInput, EngineUnavailable

HERE = "this machine"
"""The origin of what is on this machine: ports and sockets come and go."""
_PORTS = {"http": 80, "https": 443}
_EXAMPLE = "for example: openai:http://127.0.0.1:8000/v1#MODEL"
_ENDPOINTS = ("/chat/completions", "/fim/completions", "/edit/completions", "/completions", "/models")


@dataclass(frozen=True, slots=True)
class Address:
    """The base of an API."""

    base: str
    """With scheme and `/v1`, without a slash at its end."""
    query: str = ""
    socket: str = ""
    """Path of a Unix socket that takes the place of host and port; empty for none."""

    def at(self, path: str) -> str:
        """The address of an endpoint, `/models` for example."""
        return self.base + path + (f"?{self.query}" if self.query else "")

    @property
    def host(self) -> str:
        """Host and port, as a person is told; the path of a Unix socket."""
        return self.socket or urlsplit(self.base).netloc

    @property
    def origin(self) -> str:
        """What a key belongs to: scheme, host and port, or this machine."""
        if self.loopback:
            return HERE
        parts = urlsplit(self.base)
        return f"{parts.scheme}://{parts.netloc.removesuffix(f':{_PORTS[parts.scheme]}')}".lower()

    @property
    def loopback(self) -> bool:
        """Whether nothing leaves this machine."""
        name = urlsplit(self.base).hostname or ""
        if self.socket or name == "localhost" or name.endswith(".localhost"):
            return True
        try:
            return ipaddress.ip_address(name).is_loopback
        except ValueError:
            return False

    @property
    def private(self) -> bool:
        """Whether a key may go there: encrypted, or not over a network at all."""
        return self.loopback or self.base.startswith("https://")


def address(text: str) -> Address:
    """An address as somebody typed it: `https://host`, with or without `/v1` or an endpoint, or `unix:PATH`.

    Raises BadInput where it is none.
    """
    text = text.strip()
    if text.startswith("unix:"):
        path = text.removeprefix("unix:")
        path = path.removeprefix("//") if path.startswith("///") else path
        if not path:
            raise BadInput(
                "unix: needs the path of a socket", "for example: openai:unix:/run/user/1000/sharpen.sock"
            )
        return Address("http://localhost/v1", socket=path)
    if not text:
        raise BadInput("an address is missing", _EXAMPLE)
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise BadInput(f"{text} is not an address: {error}") from error
    if parts.scheme not in {"http", "https"} or not parts.hostname or not text.isprintable() or " " in text:
        raise BadInput(f"{text} is not an address", _EXAMPLE)
    if parts.username is not None or parts.password is not None:
        raise BadInput("an address with a name or password in it is not taken", "set SHARPEN_API_KEY")
    path = parts.path.rstrip("/")
    for endpoint in _ENDPOINTS:
        path = path.removesuffix(endpoint)
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    netloc = host if port is None else f"{host}:{port}"
    return Address(f"{parts.scheme}://{netloc}{path or '/v1'}", parts.query)


def usable_key(key: str, where: Address, *, in_clear: bool = False) -> str:
    """The key as it may be sent to the address; empty stays empty. Raises EngineUnavailable.

    in_clear: the user has said that it may go to this host unencrypted.
    """
    key = key.strip()
    if not key:
        return ""
    if not key.isascii() or not key.isprintable() or " " in key:
        raise EngineUnavailable(
            "the key has blanks or letters in it that no key has",
            "look at the variable that it is in, or set it again: sharpen keys set ENGINE",
        )
    if not where.private and not in_clear:
        raise EngineUnavailable(
            f"the key is not sent to {where.host}: the connection is not encrypted", encrypted(where)
        )
    return key


def encrypted(where: Address) -> str:
    """What to do where a key would go over a network in clear."""
    parts = urlsplit(where.base)
    port = parts.port or _PORTS[parts.scheme]
    return (
        f"use an https:// address, or a tunnel (ssh -L {port}:127.0.0.1:{port} {parts.hostname}, then "
        f"openai:http://127.0.0.1:{port}); on a network that you trust: sharpen config set allow_http {where.host}"
    )


def hidden(key: str) -> str:
    """The key as it may be shown."""
    return f"…{key[-4:]}" if len(key) > 12 else "…"
