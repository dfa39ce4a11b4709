"""Spliced bytes seen as changed lines, and those printed as a unified diff.

`core.patch` calls it, for the hunks that a user decides on and for the diff that `git apply` takes. Everything
is bytes, and a line is whatever the caller's pattern says ends one, because git knows only `\\n` while an editor
also ends lines at a lone `\\r`. It compares nothing: what changed is given, not found.
"""

from __future__ import annotations

import bisect
import itertools
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass

GIT_NEWLINE = re.compile(rb"\n")
Splice = tuple[int, int, bytes]
"""(start_byte, end_byte, the bytes that go there)"""


@dataclass(frozen=True, slots=True)
class Change:
    """Neighbouring lines that become other lines."""

    start: int
    """0-based line of the old file; for a pure insertion, the line before which it goes."""
    old: tuple[bytes, ...]
    """With their line endings."""
    new: tuple[bytes, ...]
    splices: tuple[int, ...]
    """Which of the splices made it, by index."""


def split_lines(data: bytes, newline: re.Pattern[bytes] = GIT_NEWLINE) -> list[bytes]:
    """The lines of `data` with their endings; no empty line after a final newline."""
    starts = [0, *(match.end() for match in newline.finditer(data))]
    if starts[-1] != len(data):
        starts.append(len(data))
    return [data[a:b] for a, b in itertools.pairwise(starts)]


def changes(data: bytes, splices: Sequence[Splice], newline: re.Pattern[bytes] = GIT_NEWLINE) -> list[Change]:
    """The splices (sorted, not overlapping) as changed lines; those on the same or next line are one change."""
    starts = [0, *(match.end() for match in newline.finditer(data))]
    groups: list[tuple[int, int, list[int]]] = []
    for index, (start, end, _new) in enumerate(splices):
        first = bisect.bisect_right(starts, start) - 1
        last = bisect.bisect_right(starts, end) - 1
        if groups and first <= groups[-1][1] + 1:
            groups[-1] = (groups[-1][0], max(last, groups[-1][1]), [*groups[-1][2], index])
        else:
            groups.append((first, last, [index]))
    found = []
    for first, last, members in groups:
        start = starts[first]
        end = starts[last + 1] if last + 1 < len(starts) else len(data)
        inside = [(a - start, b - start, new) for a, b, new in (splices[i] for i in members)]
        old = split_lines(data[start:end], newline)
        new = split_lines(splice(data[start:end], inside), newline)
        found.append(_trimmed(first, old, new, tuple(members)))
    return found


def splice(data: bytes, splices: Sequence[Splice]) -> bytes:
    """`data` with the splices (sorted, not overlapping) made; every byte outside them is kept."""
    parts, at = [], 0
    for start, end, new in splices:
        parts += [data[at:start], new]
        at = end
    return b"".join([*parts, data[at:]])


def _trimmed(start: int, old: list[bytes], new: list[bytes], members: tuple[int, ...]) -> Change:
    """Without the lines that both sides share at either end."""
    head = 0
    while head < min(len(old), len(new)) and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < min(len(old), len(new)) - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    return Change(
        start + head, tuple(old[head : len(old) - tail]), tuple(new[head : len(new) - tail]), members
    )


def unified(path: str, data: bytes, splices: Sequence[Splice], context: int, created: int | None) -> bytes:
    """One file's diff. `created` is the mode of a file that is not there yet, else None."""
    made = [change for change in changes(data, splices) if change.old != change.new]
    lines = split_lines(data)
    old_name, new_name = _quoted(f"a/{path}"), _quoted(f"b/{path}")
    head = [b"diff --git " + old_name + b" " + new_name + b"\n"]
    if created is not None:
        head.append(b"new file mode %06o\n" % (0o100755 if created & 0o100 else 0o100644))
        if not made:
            return b"".join(head)
        old_name = b"/dev/null"
    if not made:
        return b""
    # git ends a name with a tab where it holds a space, so that no reader takes a part of it for a time stamp.
    head.append(b"--- " + old_name + (b"\t\n" if b" " in old_name else b"\n"))
    head.append(b"+++ " + new_name + (b"\t\n" if b" " in new_name else b"\n"))
    shift, group = 0, [made[0]]
    for change in made[1:]:
        if change.start - (group[-1].start + len(group[-1].old)) <= 2 * context:
            group.append(change)
        else:
            head.append(_hunk(lines, group, context, shift))
            shift += sum(len(c.new) - len(c.old) for c in group)
            group = [change]
    return b"".join([*head, _hunk(lines, group, context, shift)])


def _hunk(lines: list[bytes], group: list[Change], context: int, shift: int) -> bytes:
    """One `@@` block: the changes of `group` with `context` lines around them."""
    first = max(0, group[0].start - context)
    last = min(len(lines), group[-1].start + len(group[-1].old) + context)
    body: list[bytes] = []
    at = first
    for change in group:
        body += [_marked(b" ", line) for line in lines[at : change.start]]
        body += [_marked(b"-", line) for line in change.old] + [_marked(b"+", line) for line in change.new]
        at = change.start + len(change.old)
    body += [_marked(b" ", line) for line in lines[at:last]]
    old_count = last - first
    new_count = old_count + sum(len(c.new) - len(c.old) for c in group)
    old_start = first + (old_count > 0)
    new_start = first + shift + (new_count > 0)
    return b"@@ -%d,%d +%d,%d @@\n" % (old_start, old_count, new_start, new_count) + b"".join(body)


def _marked(sign: bytes, line: bytes) -> bytes:
    return sign + line if line.endswith(b"\n") else sign + line + b"\n\\ No newline at end of file\n"


def _quoted(name: str) -> bytes:
    """The name as git writes it: in quotes with C escapes where it holds a quote, a backslash or a control."""
    raw = os.fsencode(name)
    if not re.search(rb'[\x00-\x1f\x7f"\\]', raw):
        return raw
    escapes = {ord('"'): b'\\"', ord("\\"): b"\\\\", 9: b"\\t", 10: b"\\n", 13: b"\\r"}
    plain = (escapes.get(b, b"\\%03o" % b if b < 32 or b == 127 else bytes([b])) for b in raw)
    return b'"' + b"".join(plain) + b'"'
