"""The kinds of breaks: each takes the lines of a whole text and a random generator, and returns broken text or None.

A kind need not check that the result fails to parse: `core.training.corrupt` does, and tries again where it does not.
"""

from __future__ import annotations

from sharpen.core.training.breakage import KEYWORD, Kind, among, gone, sub
from sharpen.core.training.breaks_lines import (
    indent_block,
    indent_line,
    line_cut,
    line_joined,
    line_lost,
    line_split,
    stray_line,
    tab_line,
    uncommented,
)
from sharpen.core.training.breaks_strings import (
    apostrophe,
    misquoted,
    string_closed_early,
    string_wrapped,
    wide_sign,
)
from sharpen.core.training.breaks_words import (
    argument_order,
    default_lost,
    doubled,
    extra_closer,
    extra_opener,
    glued,
    keyword_extra,
    keyword_swap,
    old_print,
    other_language,
    reserved_name,
    stray,
    swapped,
    typo,
)

KINDS: dict[str, tuple[Kind, float]] = {
    "closer lost": (sub(r"[)\]}]", gone), 11),
    "opener lost": (sub(r"[(\[{]", gone), 4),
    "closer extra": (extra_closer, 6),
    "opener extra": (extra_opener, 3),
    "bracket swapped": (sub(r"[()\[\]{}]", lambda c, r: r.choice(")]}" if c in ")]}" else "([{")), 4),
    "colon lost": (sub(r"(?<=[\w)\]'\" ]):(?=\s|$)", gone), 6),
    "colon extra": (sub(r"\w$|[)\]]$|(?<=:)$|=(?= )", lambda c, r: c + r.choice([":", ":", ";"])), 2),
    "quote lost": (sub(r"\"\"\"|'''|['\"]", gone), 11),
    "quote extra": (sub(r"['\"]", lambda c, r: c + r.choice([c, "'", '"'])), 2),
    "misquoted": (misquoted, 4),
    "apostrophe": (apostrophe, 5),
    "comma lost": (sub(r",(?= |$)", lambda c, r: ""), 7),
    "comma spaceless": (sub(r", ", lambda c, r: r.choice(["", " "])), 3),
    "comma changed": (sub(r",", among(".", ";", ":", ",,")), 2),
    "operator lost": (sub(r" ?(?:==|!=|<=|>=|\+=|-=|->|[-+*/%=<>|&])(?= )|\.(?=[a-zA-Z_])", gone), 6),
    "operator changed": (
        sub(r"==|!=|<=|>=|\+=|-=|->", among("=", "= =", "=>", "=<", "=!", "=-", "===", "- >", "++")),
        4,
    ),
    "assignment changed": (sub(r"(?<= )=(?= )", among("==", ":", "=:", "= =", "<-", "-", "+ =", ":=")), 3),
    "assignment for equality": (sub(r"==", among("=")), 4),
    "increment": (sub(r" (?:\+=|-=) 1\b", among("++", "--", " ++")), 2),
    "indent line": (indent_line, 12),
    "indent block": (indent_block, 12),
    "tab line": (tab_line, 3),
    "keyword typo": (sub(KEYWORD, typo), 6),
    "keyword glued": (sub(KEYWORD + r" |" + r" " + KEYWORD, glued), 3),
    "keyword lost": (sub(KEYWORD + r" ?", gone), 4),
    "keyword swap": (keyword_swap, 4),
    "name spaced": (sub(r"(?<=\w)_+(?=\w)|(?<=\w{3})(?=\w{3})", among(" ", " ", "-")), 2),
    "number first": (sub(r"\b[a-zA-Z_]\w*\b", lambda c, r: r.choice("123") + c), 1),
    "stray": (stray, 10),
    "stray line": (stray_line, 4),
    "doubled": (doubled, 3),
    "token lost": (sub(r"\w+|[^\w\s]", gone), 4),
    "swapped": (swapped, 3),
    "line cut": (line_cut, 5),
    "line joined": (line_joined, 2),
    "line split": (line_split, 3),
    "line lost": (line_lost, 3),
    "uncommented": (uncommented, 4),
    "old print": (old_print, 5),
    "argument order": (argument_order, 2),
    "brace in f-string": (sub(r"(?<=f[\"'])(?:[^\"']*?)[{}]", lambda c, r: c[:-1]), 2),
    "wide sign": (wide_sign, 1),
    "reserved name": (reserved_name, 1),
    "string wrapped": (string_wrapped, 3),
    "string closed early": (string_closed_early, 3),
    "default lost": (default_lost, 2),
    "keyword extra": (keyword_extra, 1),
    "other language": (other_language, 4),
}
"""Name -> (function, weight)."""
