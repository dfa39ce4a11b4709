"""Single-token repairs of code that runs and is wrong: what a check command may then find right.

`engines.embedded` asks where the only finding is that a command fails. A table says which operators, comparisons,
names and constants are taken for which; each proposal carries a prior in nats from how often people slip that way.
Pure functions of a text; the model's opinion is `bugs_rank`'s.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator

from sharpen.core.repair.bugs_tree import Scopes, of_tree
from sharpen.core.repair.swap import Swap
from sharpen.core.repair.window import line_starts

_ORDER = {"<": ("<=", ">", ">="), "<=": ("<", ">=", ">"), ">": (">=", "<", "<="), ">=": (">", "<=", "<")}
_OPERATORS: dict[str, tuple[tuple[str, float], ...]] = {
    **{one: ((a, -0.5), (b, -1.2), (c, -1.7)) for one, (a, b, c) in _ORDER.items()},
    "==": (("!=", -0.7), (">=", -2.5), ("<=", -2.5)),
    "!=": (("==", -0.7),),
    "+": (("-", -0.8), ("*", -2.2)),
    "-": (("+", -0.8), ("*", -3.0)),
    "*": (("+", -1.6), ("/", -1.8), ("**", -2.2), ("//", -2.6)),
    "/": (("//", -1.0), ("*", -1.5)),
    "//": (("/", -1.0), ("%", -1.8), ("*", -2.5)),
    "%": (("//", -1.6), ("/", -2.4)),
    "**": (("*", -1.2),),
    "&": (("|", -1.2),),
    "|": (("&", -1.2),),
    "^": (("&", -2.2), ("|", -2.2)),
    "<<": ((">>", -1.2),),
    ">>": (("<<", -1.2),),
    "+=": (("-=", -0.8), ("=", -1.4)),
    "-=": (("+=", -0.8), ("=", -1.6)),
    "*=": (("+=", -1.5), ("/=", -1.8)),
    "/=": (("//=", -1.3), ("*=", -1.6)),
    "//=": (("/=", -1.3),),
    "|=": (("&=", -1.3), ("=", -2.0)),
    "&=": (("|=", -1.3),),
    "=": (("+=", -3.5),),
}
_WORDS: dict[str, tuple[tuple[str, float], ...]] = {
    "and": (("or", -0.6),),
    "or": (("and", -0.6),),
    "True": (("False", -0.8),),
    "False": (("True", -0.8),),
    "is": (("is not", -0.8),),
    "in": (("not in", -1.2),),
    "break": (("continue", -1.5),),
    "continue": (("break", -1.5),),
    "any": (("all", -0.8),),
    "all": (("any", -0.8),),
    "min": (("max", -0.7),),
    "max": (("min", -0.7),),
    "append": (("extend", -1.2),),
    "extend": (("append", -1.2),),
    "startswith": (("endswith", -1.0),),
    "endswith": (("startswith", -1.0),),
    "lstrip": (("rstrip", -1.0), ("strip", -1.8)),
    "rstrip": (("lstrip", -1.0), ("strip", -1.8)),
    "strip": (("lstrip", -2.6), ("rstrip", -2.6), ("split", -2.8)),
    "upper": (("lower", -1.0),),
    "lower": (("upper", -1.0),),
    "keys": (("values", -1.2), ("items", -1.6)),
    "values": (("keys", -1.2), ("items", -1.6)),
    "floor": (("ceil", -1.0),),
    "ceil": (("floor", -1.0),),
    "find": (("rfind", -1.6),),
    "rfind": (("find", -1.6),),
    "split": (("rsplit", -1.8), ("strip", -2.8)),
    "rsplit": (("split", -1.8),),
    "partition": (("rpartition", -1.4),),
    "rpartition": (("partition", -1.4),),
    "popleft": (("pop", -1.4),),
    "insert": (("append", -2.4),),
    "intersection": (("union", -1.2),),
    "union": (("intersection", -1.2),),
}
TRIES = 120
"""Repairs that are worth trying where nobody says how many."""


def swaps(text: str) -> list[Swap]:
    """Every single-token repair of the text that is in the table, in the order of the text; none where it does not parse."""
    try:
        tree = ast.parse(text)
        tokens = [t for t in tokenize.generate_tokens(io.StringIO(text).readline) if t.type != tokenize.NL]
    except (SyntaxError, ValueError, RecursionError, tokenize.TokenError):
        return []
    starts = line_starts(text)
    scopes = Scopes(tree)
    found = [*_of_tokens(tokens, starts, scopes), *of_tree(tree, text, starts, scopes)]
    return sorted({(s.start, s.end, s.new): s for s in found if s.new != s.old}.values())


def _of_tokens(tokens: list[tokenize.TokenInfo], starts: list[int], scopes: Scopes) -> Iterator[Swap]:
    for place, token in enumerate(tokens):
        line, column = token.start
        at = starts[line - 1] + column
        before, after = (tokens[i].string if 0 <= i < len(tokens) else "" for i in (place - 1, place + 1))
        if token.type == tokenize.OP:
            others = _OPERATORS.get(token.string, ())
            if not _binary(token.string, tokens[place - 1] if place else None) or _is_default(tokens, place):
                others = ()
        elif token.type == tokenize.NUMBER:
            others = _numbers(token.string)
        elif token.type == tokenize.NAME:
            if (token.string, after) in {("is", "not"), ("not", "in")} or (before, token.string) == (
                "for",
                "in",
            ):
                pair = f"{token.string} {after}"
                end = (
                    starts[tokens[place + 1].end[0] - 1] + tokens[place + 1].end[1]
                    if after in {"not", "in"}
                    else at
                )
                if pair in {"is not", "not in"}:
                    yield Swap(
                        at, end, "is" if pair == "is not" else "in", pair, line, -0.8, scopes.name(line)
                    )
                continue
            plain = not _loops(tokens, place) and (before, token.string) != ("not", "in")
            others = _WORDS.get(token.string, ()) if plain else ()
            if token.string == "not" and after != "in" and before != "is":
                gap = tokens[place + 1].start[1] - token.start[1]
                yield Swap(at, at + max(gap, 3), "", "not ", line, -0.9, scopes.name(line))
        else:
            continue
        for new, prior in others:
            yield Swap(at, at + len(token.string), new, token.string, line, prior, scopes.name(line))


def _binary(operator: str, before: tokenize.TokenInfo | None) -> bool:
    """Whether a sign that may also stand before one thing alone stands between two."""
    if operator not in {"+", "-", "*", "**"} or before is None:
        return before is not None
    closes = before.string in {")", "]", "}"} or before.type in {
        tokenize.NAME,
        tokenize.NUMBER,
        tokenize.STRING,
    }
    return closes and before.string not in {
        "return",
        "in",
        "and",
        "or",
        "not",
        "if",
        "else",
        "lambda",
        "yield",
        "print",
    }


def _is_default(tokens: list[tokenize.TokenInfo], place: int) -> bool:
    """Whether a `=` is not an assignment of its own line: a keyword, a default."""
    if tokens[place].string != "=":
        return False
    first = place
    while first and tokens[first - 1].type not in {tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}:
        first -= 1
    words = [t.string for t in tokens[first:place]]
    return words.count("(") > words.count(")") or ":" in words or "," in words


def _loops(tokens: list[tokenize.TokenInfo], place: int) -> bool:
    """Whether an `in` belongs to a `for`."""
    if tokens[place].string != "in":
        return False
    depth = 0
    for token in reversed(tokens[:place]):
        depth += token.string in {")", "]", "}"}
        depth -= token.string in {"(", "[", "{"}
        if token.string == "for" and depth <= 0:
            return True
        if token.type == tokenize.NEWLINE or token.string in {"if", "while", "return", "and", "or", "assert"}:
            return False
    return False


def _numbers(written: str) -> tuple[tuple[str, float], ...]:
    if not re.fullmatch(r"\d+", written):
        return ()
    value = int(written)
    near = [(value + 1, -0.9), (value - 1, -0.9)]
    rest = [(0, -2.0), (-1, -2.6), (value * 10, -3.0), (value // 10, -3.2)]
    known = {value}
    found = []
    for number, prior in near + [one for one in rest if value > 0]:
        if number not in known:
            known.add(number)
            found.append((str(number), prior - (0.8 if number < 0 else 0.0)))
    return tuple(found)
