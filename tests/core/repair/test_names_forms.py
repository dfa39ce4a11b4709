"""Undefined names whose repair follows from the form of the statement, or from the function's parameters."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Check = Callable[[str, str], None]


# ------------------------------------------------------------------ forms
def test_super_names_the_class_that_it_stands_in(check: Check) -> None:
    check(
        "class Rescale(dict):\n    def __init__(self):\n        super(Normalize, self).__init__()\n",
        "class Rescale(dict):\n    def __init__(self):\n        super(Rescale, self).__init__()\n",
    )


def test_super_names_a_base_as_the_class_writes_it(check: Check) -> None:
    check(
        "import gym\n\n\nclass A(gym.Env):\n    def f(self):\n        super(Env, self).f()\n",
        "import gym\n\n\nclass A(gym.Env):\n    def f(self):\n        super(gym.Env, self).f()\n",
    )


def test_an_attribute_of_the_class_gets_its_self(check: Check) -> None:
    check(
        "class A:\n    def __init__(self):\n        self.size = 1\n\n    def f(self):\n        return size + 1\n",
        "class A:\n    def __init__(self):\n        self.size = 1\n\n    def f(self):\n        return self.size + 1\n",
    )


def test_an_attribute_of_a_base_in_the_same_file_gets_its_self(check: Check) -> None:
    check(
        "class A:\n    def turn(self):\n        return 1\n\n\nclass B(A):\n    def f(self):\n        return turn()\n",
        "class A:\n    def turn(self):\n        return 1\n\n\nclass B(A):\n    def f(self):\n        return self.turn()\n",
    )


def test_a_static_method_reaches_its_class_by_name(check: Check) -> None:
    check(
        "class A:\n    limit = 3\n\n    @staticmethod\n    def f(x):\n        return x < limit\n",
        "class A:\n    limit = 3\n\n    @staticmethod\n    def f(x):\n        return x < A.limit\n",
    )


def test_a_name_that_the_file_reads_from_a_module_is_read_from_it_here_too(check: Check) -> None:
    check(
        "import pachi\n\nprint(pachi.BLACK, pachi.WHITE)\nprint(BLACK)\n",
        "import pachi\n\nprint(pachi.BLACK, pachi.WHITE)\nprint(pachi.BLACK)\n",
    )


def test_a_module_is_called_by_its_alias(check: Check) -> None:
    check(
        "import networkx as nx\n\nprint(networkx.__version__)\n",
        "import networkx as nx\n\nprint(nx.__version__)\n",
    )


def test_a_prefix_goes_where_the_name_itself_was_imported(check: Check) -> None:
    check("from doctest import testmod\n\ndoctest.testmod()\n", "from doctest import testmod\n\ntestmod()\n")


@pytest.mark.parametrize(("caught", "bound"), [(" ValueError", " ValueError as e"), ("", " Exception as e")])
def test_an_exception_that_is_read_is_bound(check: Check, caught: str, bound: str) -> None:
    body = "try:\n    print(1)\nexcept{}:\n    print(e)\n"
    check(body.format(caught), body.format(bound))


def test_a_file_that_is_read_is_bound_by_its_with(check: Check) -> None:
    check("with open('x'):\n    print(f.read())\n", "with open('x') as f:\n    print(f.read())\n")


@pytest.mark.parametrize(
    ("old", "new"), [("xrange(3)", "range(3)"), ("raw_input()", "input()"), ("unicode(1)", "str(1)")]
)
def test_names_of_python_2_become_those_of_python_3(check: Check, old: str, new: str) -> None:
    check(f"print({old})\n", f"print({new})\n")


def test_constants_of_other_languages_become_pythons(check: Check) -> None:
    check("x = [true, null]\n", "x = [True, None]\n")


def test_a_main_guard_gets_all_its_underscores(check: Check) -> None:
    check('if _name_ == "_main_":\n    print(1)\n', 'if __name__ == "__main__":\n    print(1)\n')


def test_a_main_guard_gets_its_quotes(check: Check) -> None:
    check("if __name__ == __main__:\n    print(1)\n", 'if __name__ == "__main__":\n    print(1)\n')


def test_a_key_that_the_file_writes_in_quotes_gets_them(check: Check) -> None:
    check(
        "def f(case):\n    case['title'] = 1\n    return case[title]\n",
        "def f(case):\n    case['title'] = 1\n    return case['title']\n",
    )


# ------------------------------------------------------------------ parameters
def test_a_method_without_self_gets_it(check: Check) -> None:
    check(
        "class A:\n    def __len__() -> int:\n        return len(self.x)\n",
        "class A:\n    def __len__(self) -> int:\n        return len(self.x)\n",
    )


def test_a_parameter_that_the_callers_have_is_handed_to_the_function(check: Check) -> None:
    check(
        "def read():\n    return open(config)\n\n\ndef main():\n    config = 'x'\n    print(config)\n    read()\n",
        "def read(config):\n    return open(config)\n\n\ndef main():\n    config = 'x'\n    print(config)\n    read(config)\n",
    )


def test_a_parameter_stands_where_the_sibling_function_has_it(check: Check) -> None:
    check(
        "def bfs(G, source=None):\n    return G[source]\n\n\ndef dfs(source=None):\n    '''Walk.\n\n    G : graph\n    '''\n"
        "    return G[source]\n",
        "def bfs(G, source=None):\n    return G[source]\n\n\ndef dfs(G, source=None):\n    '''Walk.\n\n    G : graph\n    '''\n"
        "    return G[source]\n",
    )


def test_a_parameter_that_is_only_handed_on_has_the_siblings_default(check: Check) -> None:
    check(
        "def one(url, flags=None):\n    return url, flags\n\n\ndef many(urls):\n    return [one(u, flags=flags) for u in urls]\n",
        "def one(url, flags=None):\n    return url, flags\n\n\ndef many(urls, flags=None):\n    return [one(u, flags=flags) for u in urls]\n",
    )
