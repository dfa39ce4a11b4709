"""Which phrasings are within the embedded engine's skills."""

from __future__ import annotations

import pytest

from sharpen.core.skills import classify

SYNTAX = """
fix the syntax error
Fix syntax errors.
please fix the syntax error
fix all syntax errors
can you fix this syntax error?
repair the syntax
correct the indentation
fix indentation error
fix the missing bracket
fix the missing colon
add the missing comma
add a missing parenthesis
close the bracket
close the open string
balance the parentheses
make it parse
make this file parse again
make it compile
fix the parse error in this file
fix the syntax error on line 12
fix the SyntaxError
fix the IndentationError
fix the unterminated string
fix unclosed parenthesis
remove the stray bracket
fix the unmatched bracket
fix invalid syntax
""".strip().splitlines()
UNDEFINED = """
fix the undefined name
fix undefined names
fix all undefined variables
fix the NameError
resolve the name error
fix the typo
fix the misspelled variable
add the missing import
add missing imports
import the missing module
fix F821
fix the missing import
fix unresolved names
resolve undefined variable
""".strip().splitlines()
ANY = """
fix
fix it
fix this
fix the errors
fix this file
repair the code
fix what is broken
please fix it
fix everything
fix the bug
fix syntax errors and undefined names
repair what is broken
""".strip().splitlines()
OTHERS = """
rename foo to bar
add a docstring
fix the login flow so that tokens expire
fix the off-by-one error in the loop
remove the import of os
remove the file
remove everything
remove it
clean up the code
write a test
explain this
add type hints
make it faster
remove this function
fix the tests

""".splitlines()


@pytest.mark.parametrize(
    ("instruction", "skill"),
    [(i, "syntax") for i in SYNTAX] + [(i, "undefined") for i in UNDEFINED] + [(i, "any") for i in ANY]
    + [(i, None) for i in OTHERS],
)  # fmt: skip
def test_an_instruction_is_known_by_its_words(instruction: str, skill: str | None) -> None:
    assert classify(instruction) == skill
