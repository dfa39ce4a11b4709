"""Is an instruction within the embedded model's skills? A table of phrasings; imports nothing, decides in microseconds."""

from __future__ import annotations

import re
from typing import Literal

Skill = Literal["syntax", "undefined", "any"]
WHAT = "the embedded model repairs syntax errors and undefined names; it knows no other edits yet"

_VERB = r"(?:please |can you |could you )?(?:fix|repair|correct|mend|heal|resolve|solve|sharpen|sort out)"
# "remove it" asks for a deletion, "remove the syntax error" for a repair.
_RID = r"(?:please |can you |could you )?(?:get rid of|remove|clean up)"
_THE = r"(?: (?:the|this|these|that|those|all(?: the)?|any|my|every|its))?"
_SYNTAX = (
    r"(?:python )?(?:syntax|parse|parsing|compile|compilation|indentation|indent|bracket|paren(?:thesis|theses)?|brace|quote|"
    r"string|colon|comma|tab)s?(?: and \w+)?(?: errors?| mistakes?| problems?| issues?| bugs?)?"
)
_NAMES = (
    r"(?:undefined|unknown|unresolved|misspelt|misspelled|missing)(?: \w+)? (?:names?|variables?|identifiers?|imports?)"
    r"|(?:name|import)s?(?: errors?| typos?)|typos?|f821"
)
_ANY = r"|this|it|that|everything|errors?|(?:the )?(?:file|code)|what(?:'s| is) (?:broken|wrong)|broken code|problems?|mistakes?|bugs?"
_REST = r"(?: (?:here|in (?:this|the|my) (?:file|code|line|function|class|method|module)|please|for me|now|on line \d+|in \S+\.py))*"
_FORMS: tuple[tuple[str, Skill], ...] = (
    (rf"(?:{_VERB}|{_RID}){_THE}(?: (?:missing|unclosed|unmatched|invalid|wrong|broken|bad|unterminated|unbalanced|stray))? (?:{_SYNTAX}){_REST}", "syntax"),
    (rf"(?:please )?(?:close|balance){_THE}(?: \w+)? (?:brackets?|parens?|parenthes[ei]s|quotes?|strings?|braces?){_REST}", "syntax"),
    (rf"(?:please )?add{_THE}(?: a)? missing (?:colons?|commas?|brackets?|quotes?|parens?|parenthes[ei]s|braces?){_REST}", "syntax"),
    (r"(?:please )?make (?:it|this|the file|this file|the code) (?:parse|compile|valid|valid python|run)(?: again)?", "syntax"),
    (rf"(?:{_VERB}|{_RID}){_THE} (?:undefined|unknown|unresolved|misspelt|misspelled) (?:names?|variables?|identifiers?|imports?){_REST}", "undefined"),
    (rf"{_VERB}{_THE} (?:{_NAMES}){_REST}", "undefined"),
    (rf"{_VERB}{_THE} syntax(?: errors?)?,? and{_THE} (?:{_NAMES}){_REST}", "any"),
    (rf"(?:please )?(?:add|import|insert){_THE} missing (?:imports?|names?|modules?){_REST}", "undefined"),
    (rf"{_VERB}(?:{_THE} (?:{_ANY[1:]}))?{_REST}", "any"),
)  # fmt: skip
_COMPILED = tuple((re.compile(pattern), skill) for pattern, skill in _FORMS)


def classify(instruction: str) -> Skill | None:
    """The skill that the instruction asks for, None where it asks for something else."""
    words = re.sub(r"(?<=[a-z])(?=Error\b)", " ", instruction.strip())  # SyntaxError, NameError
    words = re.sub(r"\s+", " ", words.lower()).rstrip(".!? ")
    return next((skill for pattern, skill in _COMPILED if pattern.fullmatch(words)), None)
