"""The table of imports is counted from wheels, and the shipped one is what `names_table` reads."""

from __future__ import annotations

import zipfile
from pathlib import Path

from sharpen.core.repair.names_table import Wanted, homes
from sharpen.core.training import imports


def wheel(folder: Path, name: str, text: str) -> None:
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as archive:
        archive.writestr(f"{name}/a.py", text)


def test_imports_are_counted_by_package_without_a_packages_own(tmp_path: Path) -> None:
    text = "import numpy as np\nfrom os import path, sep as s\nfrom . import b\nfrom {} import c\nfrom x import *\n"
    wheel(tmp_path, "one", text.format("one.sub"))
    wheel(tmp_path, "two", text.format("one"))
    counts = imports.count(tmp_path, None)
    assert counts["import numpy", "np"] >= 2
    assert counts["from os import", "s=sep"] == 2
    assert counts["from one import", "c"] == 1
    assert not any(head.startswith(("from . ", "from one.sub", "from x ")) for head, _ in counts)


def test_a_held_out_package_is_not_counted(tmp_path: Path) -> None:
    wheel(tmp_path, "tabulate", "import only_in_tabulate\n")
    assert ("import only_in_tabulate", "only_in_tabulate") not in imports.count(tmp_path, None)


def test_a_file_that_does_not_parse_counts_nothing() -> None:
    assert imports.pairs("import os\nprint 'x'\n", frozenset()) == set()


def test_a_popular_module_lists_all_its_names_and_a_rare_foreign_one_none() -> None:
    text = imports.table({("from math import", "sqrt"): 4, ("from rare import", "thing"): 1})
    (line,) = [x for x in text.splitlines() if x.startswith("from math import\t")]
    assert {"sqrt:4", "log2", "floor"} <= set(line.split("\t")[1].split(" "))
    assert "rare" not in text


def test_the_shipped_table_is_what_the_repair_reads() -> None:
    text = imports.TABLE.read_text(encoding="utf-8")
    assert len(text) < 100_000
    heads = [line.split("\t")[0] for line in text.splitlines()[1:]]
    assert heads == sorted(set(heads))
    best = max(homes("np"), key=lambda h: h[1])[0]
    assert best == Wanted("numpy", None, "np")
    assert best.statement == "import numpy as np"
    assert {w.statement for w, _ in homes("deque")} >= {"from collections import deque"}
