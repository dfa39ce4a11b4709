"""What can be wrong on the way to a server: its name, its port, its certificate, and a proxy in between.

`core.engines.remote` asks with the texts of what was raised. Invariant: a proxy's fault is never told as the server's,
and of a proxy's address nothing is shown but the host and the port: it may hold a password.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from sharpen.core.engines.wire.faults import Refusal, Server
from sharpen.core.engines.wire.harmless import sentence
from sharpen.core.errors import EngineUnavailable

CERTIFICATES = "the file that SSL_CERT_FILE or SSL_CERT_DIR names has no certificates that can be read"
SOCKS = "is behind a SOCKS proxy, which needs the package socksio"
_BY_PROXY = {403, 407, 502, 503, 504}
"""What a proxy says where it does not let through."""


@dataclass(frozen=True, slots=True)
class Proxy:
    """What stands between."""

    where: str
    """Its host and port."""
    variable: str
    """What names it."""

    def fault(self, what: str) -> EngineUnavailable:
        """`what` is a clause about the proxy."""
        told = f"the proxy {self.where}, which {self.variable} names, {what}; nothing was applied"
        return EngineUnavailable(told, f"check {self.variable}, or unset it")


def proxy_of(base: str, known: Mapping[str, str]) -> Proxy | None:
    """The proxy that is asked for that address; `known` is by scheme, as `urllib.request.getproxies` has it."""
    scheme = base.partition(":")[0].lower()
    name = next((one for one in (scheme, "all") if known.get(one)), None)
    if name is None:
        return None
    try:
        parts = urlsplit(known[name] if "://" in known[name] else f"http://{known[name]}")
        where = f"{parts.hostname or '?'}:{parts.port}" if parts.port else str(parts.hostname or "?")
    except ValueError:
        where = "?"
    return Proxy(sentence(where, 80), f"{name.upper()}_PROXY")


def unreached(server: Server, proxy: Proxy | None, socket: bool, texts: list[str]) -> EngineUnavailable:
    """No connection came about."""
    said = " ".join(texts)
    if proxy is not None:
        if "refused" in said:
            return proxy.fault("takes no connections")
        if _unknown(said):
            return proxy.fault("is not known by that name")
        return proxy.fault(f"cannot be reached: {sentence(server.redacted(texts[0]), 120)}")
    if "refused" in said:
        return server.fault("takes no connections on that port", "start the server, or check the address")
    if _unknown(said):
        return server.fault("is not known by that name", "check the address and the network")
    if socket:
        return server.fault("is no socket that a server listens on", "sharpen serve --unix PATH")
    return server.fault(f"cannot be reached: {sentence(server.redacted(texts[0]), 120)}", "check the network")


def _unknown(said: str) -> bool:
    return any(word in said for word in ("resolution", "not known", "nodename", "No address"))


def through(refusal: Refusal, proxy: Proxy | None) -> Refusal:
    """The same refusal where it may be the proxy's own."""
    if proxy is None or refusal.status not in _BY_PROXY:
        return refusal
    told = f"{refusal.message} (it may be the proxy {proxy.where} that says so)"
    fault = Refusal(
        told, f"check {proxy.variable}; {refusal.hint}" if refusal.hint else f"check {proxy.variable}"
    )
    fault.status, fault.said = refusal.status, refusal.said
    return fault


def certificate(server: Server, texts: Iterable[str]) -> EngineUnavailable | None:
    """What TLS says in its own words; None where it is not TLS that speaks."""
    said = " ".join(texts)
    if "has expired" in said:
        return server.fault("shows a certificate that has expired", "whoever runs it has to renew it")
    if "Hostname mismatch" in said or "doesn't match" in said or "IP address mismatch" in said:
        return server.fault("shows a certificate of another name", "check the address")
    if "CERTIFICATE_VERIFY_FAILED" in said:
        return server.fault(
            "shows a certificate that nobody here vouches for",
            "SSL_CERT_FILE=/path/to/ca.pem names your own CA",
        )
    if any(
        word in said for word in ("WRONG_VERSION_NUMBER", "record layer", "UNKNOWN_PROTOCOL", "HTTP_REQUEST")
    ):
        return server.fault("does not speak TLS on that port", "try http:// in place of https://")
    if "SSL" in said or "TLS" in said:
        return server.fault(
            f"broke off the encryption: {sentence(server.redacted(said), 120)}", "check the address"
        )
    return None
