"""The family of errors that sharpen raises on purpose.

Each carries a sentence (`message`) and, where one helps, something to type (`hint`). `cli.exits` maps the
class to an exit code; nothing in core knows the numbers. Foreign exceptions are translated at the border
where they arise, so that a caller has this tree to reckon with and nothing else:

    SharpenError
    ├── BadInput                 the request cannot be carried out as it was put
    │   ├── NotAFile             no such path, a directory, a symlink loop, not readable
    │   ├── NotText              binary, or bytes that the declared encoding does not decode
    │   ├── TooLarge             over the size limit
    │   ├── BadRegion            a line, range or symbol that the file does not have
    │   └── Refused              a place that sharpen does not write: .git, unmerged, outside the repository
    │       └── NotNamed         one that it writes only where somebody names it: ignored, generated, binary, a link
    ├── EngineUnavailable        no model, no key, no network, out of memory, timed out, beyond its skills
    ├── FileChanged              the file is not the one that the edit was made for
    ├── NothingHeld              no candidate passed its checks
    ├── WriteFailed              the disk or its permissions said no; every file is as it was
    └── Interrupted              the user stopped it; nothing was written
"""

from __future__ import annotations


class SharpenError(Exception):
    """Base of all expected failures: one sentence, and perhaps a hint that can be typed."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class BadInput(SharpenError):
    """The request cannot be carried out as it was put."""


class NotAFile(BadInput):
    """There is no regular, readable file at the path."""


class NotText(BadInput):
    """The file is binary, or its bytes do not decode as the encoding that it declares."""


class TooLarge(BadInput):
    """The file is over the size limit."""


class BadRegion(BadInput):
    """The file has no such line, range or symbol."""


class Refused(BadInput):
    """A place that sharpen does not write to."""


class NotNamed(Refused):
    """A place that sharpen writes only where somebody names that very file."""


class EngineUnavailable(SharpenError):
    """The engine is not to be had, or the request is beyond its skills."""


class FileChanged(SharpenError):
    """The file is no longer the one that the edit was made for; nothing was written."""


class NothingHeld(SharpenError):
    """No candidate passed its checks; nothing was written."""


class WriteFailed(SharpenError):
    """The disk or its permissions refused a write; every file is as it was."""


class Interrupted(SharpenError):
    """The user stopped the work; nothing was written."""
