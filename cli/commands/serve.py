"""`sharpen serve`: an engine over HTTP, for many terminals, until it is interrupted."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import stat
from pathlib import Path

from sharpen.cli import access
from sharpen.cli.exits import Exit
from sharpen.cli.fatal import say
from sharpen.core.errors import BadInput, EngineUnavailable

TOKEN = "SHARPEN_SERVE_TOKEN"
_LOOPBACK = frozenset(("127.0.0.1", "localhost", "::1"))
GRACE_SECONDS = 5
BACKLOG = 256


def run(engine: str | None, host: str, port: int, unix: str | None) -> int:
    """Serve until interrupted; exit 0. Raises BadInput and EngineUnavailable before it begins."""
    try:
        import uvicorn

        from sharpen.cli.serve import warm
        from sharpen.cli.serve.app import Server
        from sharpen.cli.serve.guard import Rules
    except ImportError as missing:
        raise EngineUnavailable(
            "sharpen serve needs starlette and uvicorn, which are not installed",
            "pip install 'sharpen[serve]'",
        ) from missing
    token = os.environ.get(TOKEN, "").strip()
    if unix is None and host not in _LOOPBACK and not token:
        raise BadInput(
            f"{host} can be reached from other machines, and no token is set",
            f"set {TOKEN}, or leave out --host",
        )
    chosen = access.engine(engine, "fix what is broken")
    listener = _unix(Path(unix)) if unix is not None else _port(host, port)
    listener.listen(
        BACKLOG
    )  # who comes while the engine is loaded waits; a socket that is bound alone looks stale
    before = signal.signal(signal.SIGTERM, _stop)
    try:
        able = warm.ready(chosen)
        where = f"unix socket {unix}" if unix is not None else _address(listener, host)
        server = Server(chosen, Rules(token, any_host=unix is not None or host not in _LOOPBACK), able)
        config = uvicorn.Config(
            server.app(),
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
            lifespan="off",
        )
        with contextlib.suppress(KeyboardInterrupt):
            say(f"sharpen serves {chosen.name} on {where}; Ctrl-C ends it")
            uvicorn.Server(config).run(sockets=[listener])
    finally:
        signal.signal(signal.SIGTERM, before)
        warm.close(chosen)
        listener.close()
        if unix is not None:
            with contextlib.suppress(OSError):
                os.unlink(unix)  # noqa: PTH108 - a socket of ours, no file of the user's
    return Exit.DONE


def _stop(_number: int, _frame: object) -> None:
    """A polite end is as good as Ctrl-C: the engine's process and the socket's file go too."""
    raise KeyboardInterrupt


def _port(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except (OSError, OverflowError) as error:
        listener.close()
        reason = getattr(error, "strerror", None) or str(error)
        raise BadInput(
            f"{host}:{port} cannot be served: {reason}", "choose another --port; 0 takes a free one"
        ) from error
    return listener


def _address(listener: socket.socket, host: str) -> str:
    name = f"[{host}]" if ":" in host else host
    return f"http://{name}:{listener.getsockname()[1]}/v1"


def _unix(path: Path) -> socket.socket:
    """A socket that only its owner may use. One that nobody answers on any more is taken over."""
    if not path.name:
        raise BadInput("--unix needs the path of a socket", "sharpen serve --unix PATH")
    if path.exists() or path.is_symlink():
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise BadInput(f"{path} is there and is no socket", "choose another --unix PATH")
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            try:
                probe.connect(str(path))
            except OSError:
                path.unlink()
            else:
                raise BadInput(f"{path} is served already", "stop that server, or choose another --unix PATH")
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        listener.bind(str(path))
    except OSError as error:
        listener.close()
        why = (error.strerror or str(error)).replace("AF_UNIX path too long", "the path is too long")
        hint = (
            "choose another --unix PATH" if error.errno else "choose a --unix PATH of at most 100 characters"
        )
        raise BadInput(f"{path} cannot be a socket: {why}", hint) from error
    finally:
        os.umask(before)
    return listener
