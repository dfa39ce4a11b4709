"""Where an import goes: the texts before and after, whole."""

from __future__ import annotations

import ast

import pytest

from sharpen.core.repair.names_placing import place
from sharpen.core.repair.names_table import Wanted
from sharpen.core.repair.splice import rewrite

RE, PATH, COUNT = Wanted("re"), Wanted("pathlib", "Path"), Wanted("itertools", "count")


def placed(text: str, *wanted: Wanted, before: int | None = None) -> str:
    new = rewrite(text, place(text, ast.parse(text), wanted, before))
    ast.parse(new)
    return new


# ------------------------------------------------------------------ into a line that is there
@pytest.mark.parametrize(
    ("line", "name", "after"),
    [
        ("from m import a, c", "b", "from m import a, b, c"),
        ("from m import MagicMock, patch", "ANY", "from m import ANY, MagicMock, patch"),
        ("from m import c, a", "b", "from m import c, a, b"),
        ("from m import a as x, c", "b", "from m import a as x, b, c"),
        ("from m import (a, c)", "d", "from m import (a, c, d)"),
        ("from m import (\n    a,\n    c,\n)", "b", "from m import (\n    a,\n    b,\n    c,\n)"),
        ("from m import (\n    a,\n    c,\n)", "d", "from m import (\n    a,\n    c,\n    d,\n)"),
        ("from m import (\n    a,\n    c\n)", "d", "from m import (\n    a,\n    c,\n    d\n)"),
        (
            "from m import (a,\n               c)",
            "d",
            "from m import (a,\n               c,\n               d)",
        ),
        ("from m import a, c  # noqa", "d", "from m import a, c, d  # noqa"),
    ],
)
def test_a_name_joins_a_from_line_in_its_order_and_layout(line: str, name: str, after: str) -> None:
    assert placed(line + "\n", Wanted("m", name)) == after + "\n"


def test_a_file_with_a_line_a_name_gets_another_line() -> None:
    lines = "from m import a\nfrom m import b\nfrom m import d\n"
    assert placed(lines, Wanted("m", "c")).count("\n") == 4


def test_a_relative_module_of_the_same_name_is_another_module() -> None:
    assert placed("from .m import a\n", Wanted("m", "b")) == "from m import b\n\nfrom .m import a\n"


# ------------------------------------------------------------------ a line of its own
@pytest.mark.parametrize(
    ("before", "wanted", "after"),
    [
        ("import os\nimport sys\n", RE, "import os\nimport re\nimport sys\n"),
        ("import sys\nimport os\n", RE, "import sys\nimport os\nimport re\n"),
        ("import os\nfrom x import y\n", RE, "import os\nimport re\nfrom x import y\n"),
        ("from abc import ABC\nfrom typing import Any\n", PATH,
         "from abc import ABC\nfrom pathlib import Path\nfrom typing import Any\n"),
        ("import os\nimport sys\n\nimport numpy as np\n", PATH,
         "import os\nimport sys\nfrom pathlib import Path\n\nimport numpy as np\n"),
        ("from heapq import heappop\n\nfrom lib import a\n", RE,
         "import re\nfrom heapq import heappop\n\nfrom lib import a\n"),
        ("from lib import a\n\nprint(a)\n", RE, "import re\n\nfrom lib import a\n\nprint(a)\n"),
        ("import os\n\nprint(os)\n", Wanted("lib", "a"), "import os\n\nfrom lib import a\n\nprint(os)\n"),
        ("import os\n\nimport zlib2\nfrom lib import b\n", Wanted("lib.sub", "a"),
         "import os\n\nimport zlib2\nfrom lib import b\nfrom lib.sub import a\n"),
        ("import os\n\nfrom . import x\n", Wanted("numpy", None, "np"),
         "import os\n\nimport numpy as np\n\nfrom . import x\n"),
    ],
)  # fmt: skip
def test_a_statement_stands_among_its_like_in_its_group(before: str, wanted: Wanted, after: str) -> None:
    assert placed(before, wanted) == after


def test_an_import_stands_before_the_first_line_that_needs_it() -> None:
    text = "import os\n\nprint(re, os)\n\nimport zlib\nimport sys\n"
    assert placed(text, RE, before=3) == "import os\nimport re\n\nprint(re, os)\n\nimport zlib\nimport sys\n"


def test_imports_below_a_definition_are_not_the_files_import_block() -> None:
    text = "import os\n\n\ndef f():\n    return os\n\n\nfrom pathlib import PurePath\nimport shutil\n"
    assert placed(text, Wanted("random")).startswith("import os\nimport random\n\n\ndef f")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("class A:\n    pass\n", "import re\n\n\nclass A:\n    pass\n"),
        ("x = 1\ny = 2\n", "import re\nx = 1\ny = 2\n"),
        ("x = 1\n\ny = 2\n", "import re\n\nx = 1\n\ny = 2\n"),
        ('"""Doc."""\n\n\ndef f(): ...\n', '"""Doc."""\n\nimport re\n\n\ndef f(): ...\n'),
        ('"""Doc."""\n\nx = 1\n', '"""Doc."""\nimport re\n\nx = 1\n'),
        ("#!/usr/bin/env python\nx = 1\n", "#!/usr/bin/env python\nimport re\n\nx = 1\n"),
        ("# A licence.\n\n\nx = 1\n", "# A licence.\n\nimport re\n\n\nx = 1\n"),
        ("from __future__ import annotations\n\n\nx = 1\n",
         "from __future__ import annotations\n\nimport re\n\n\nx = 1\n"),
        ('"""Only a docstring."""', '"""Only a docstring."""\nimport re\n'),
    ],
)  # fmt: skip
def test_the_first_import_of_a_file_stands_below_what_opens_it(before: str, after: str) -> None:
    assert placed(before, RE).rstrip("\n") == after.rstrip("\n")


def test_future_annotations_stand_before_everything_but_the_docstring() -> None:
    future = Wanted("__future__", "annotations")
    assert placed('"""D."""\n\nimport os\n', future) == (
        '"""D."""\n\nfrom __future__ import annotations\n\nimport os\n'
    )
    assert placed('"""D."""\n\nx = 1\nimport os\n', future).index("annotations") < 40
    assert placed("from __future__ import division\n", future) == (
        "from __future__ import annotations, division\n"
    )


def test_several_imports_at_one_place_are_sorted() -> None:
    new = placed("from lib import a\n", COUNT, RE, PATH)
    assert new == "import re\nfrom itertools import count\nfrom pathlib import Path\n\nfrom lib import a\n"


def test_columns_after_letters_beyond_ascii_are_counted_in_characters() -> None:
    text = 'é = "é"; from m import a, c\n'
    assert placed(text, Wanted("m", "b")) == 'é = "é"; from m import a, b, c\n'
