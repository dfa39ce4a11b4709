"""The system's keyring, where the `keyring` package is installed and has a real one behind it.

`cli.keyfile` asks; it is imported for nothing else, because it takes a tenth of a second. A backend that only writes a
plain file is none: our own file has a stricter mode. Invariant: whatever a keyring does wrong is None or False here.
"""

from __future__ import annotations

from typing import Any

SERVICE = "sharpen"
_REAL = 1
"""keyring's own word: backends of this priority and more are recommended."""


def name() -> str | None:
    """What the keyring calls itself; None where there is none to be trusted with a key."""
    try:
        import keyring

        backend: Any = keyring.get_keyring()
        inner = [backend, *getattr(backend, "backends", ())]
        real = [b for b in inner if not hasattr(b, "backends") and b.priority >= _REAL]
        return str(real[0].name) if real else None
    except Exception:  # noqa: BLE001 - backends raise what they like, also on import
        return None


def get(account: str) -> str | None:
    """The key that is kept for an account."""
    try:
        import keyring

        return keyring.get_password(SERVICE, account) or None
    except Exception:  # noqa: BLE001 - locked, gone, or refused by the user: then it has no key
        return None


def put(account: str, key: str) -> bool:
    """Keep a key; whether it worked."""
    try:
        import keyring

        keyring.set_password(SERVICE, account, key)
        return bool(keyring.get_password(SERVICE, account) == key)
    except Exception:  # noqa: BLE001 - as above: then a file has to do
        return False


def remove(account: str) -> bool:
    """Forget a key; whether it is gone."""
    try:
        import keyring

        keyring.delete_password(SERVICE, account)
    except Exception:  # noqa: BLE001 - as above
        return get(account) is None
    return True
