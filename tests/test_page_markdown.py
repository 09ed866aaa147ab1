"""Nothing from outside is read as Markdown: in every place where Streamlit renders it.

A file called ``![](https://...)`` made the browsers of staff fetch the picture. So each such call
in the pages is looked at here: what it is given is a text of ours, or goes through
``escape_markdown``.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted((ROOT / "page").rglob("*.py"))

RENDERS_MARKDOWN = frozenset(
    "markdown write info warning error success caption toast button download_button link_button"
    " checkbox radio selectbox multiselect slider toggle text_input text_area number_input"
    " file_uploader chat_input expander tabs popover status spinner dialog badge progress metric"
    " title header subheader form_submit_button segmented_control pills exception".split()
)
LABELS = frozenset(("body", "label", "text", "help", "value"))
OUR_TEXTS = frozenset(("_text", "say", "staff_text", "render_text", "visitor_text"))
"""Functions that look a text of ours up; what they put into it is looked at too."""
SAFE = frozenset(("escape_markdown", "problem", "_clock"))
"""``problem`` escapes what it repeats."""
COUNTS = frozenset(("n", "seconds", "limit", "time"))
MESSAGE_KEYS = frozenset(("DONE_KEY", "_SAID"))
"""Under which a page keeps what it says when it is drawn anew; what is kept is looked at too."""


def calls(tree: ast.AST) -> Iterator[tuple[ast.FunctionDef | None, ast.Call]]:
    """Calls that render Markdown, with the innermost function they are in."""

    def walk(
        node: ast.AST, function: ast.FunctionDef | None
    ) -> Iterator[tuple[ast.FunctionDef | None, ast.Call]]:
        for child in ast.iter_child_nodes(node):
            inner = child if isinstance(child, ast.FunctionDef) else function
            if isinstance(child, ast.Call) and isinstance(child.func, ast.Attribute):
                owner = child.func.value
                name = owner.id if isinstance(owner, ast.Name) else ""
                is_other = name == "logger" or (child.func.attr == "write" and name != "st")
                if child.func.attr in RENDERS_MARKDOWN and not is_other:
                    yield inner, child
            yield from walk(child, inner)

    return walk(tree, None)


def labels(call: ast.Call) -> list[ast.expr]:
    assert isinstance(call.func, ast.Attribute)
    named = [keyword.value for keyword in call.keywords if keyword.arg in LABELS]
    position = 1 if call.func.attr == "progress" else 0
    first = call.args[position : position + 1]
    return [*first, *named]


def is_ours(node: ast.expr, function: ast.FunctionDef | None) -> bool:
    match node:
        case ast.Constant():
            return True
        case ast.FormattedValue(value=ast.Attribute(attr="done" | "total")):
            return True  # counts
        case ast.FormattedValue(value=value):
            return is_ours(value, function)
        case ast.JoinedStr(values=parts) | ast.BoolOp(values=parts):
            return all(is_ours(part, function) for part in parts)
        case ast.BinOp(left=left, right=right):
            return is_ours(left, function) and is_ours(right, function)
        case ast.IfExp(body=body, orelse=other):
            return is_ours(body, function) and is_ours(other, function)
        case ast.List(elts=parts) | ast.Tuple(elts=parts):
            return all(is_ours(part, function) for part in parts)
        case ast.ListComp(elt=part) | ast.GeneratorExp(elt=part):
            return is_ours(part, function)
        case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name)):
            if name in SAFE or (name == "pop" and ast.unparse(node.args[0]) in MESSAGE_KEYS):
                return True
            given = [k.value for k in node.keywords if k.arg not in COUNTS]
            return name in OUR_TEXTS and all(is_ours(value, function) for value in given)
        case ast.Name(id=name):
            return function is not None and is_assigned_ours(name, function)
    return False


def is_assigned_ours(name: str, function: ast.FunctionDef) -> bool:
    values = [
        child.value
        for child in ast.walk(function)
        if isinstance(child, (ast.Assign, ast.AugAssign, ast.NamedExpr))
        for target in (child.targets if isinstance(child, ast.Assign) else [child.target])
        if isinstance(target, ast.Name) and target.id == name
    ]
    return bool(values) and all(is_ours(value, function) for value in values)


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_place_shows_our_words_or_escaped_ones(source: Path) -> None:
    tree = ast.parse(source.read_text("utf-8"))
    wrong = [
        f"line {call.lineno}: {ast.unparse(label)}"
        for function, call in calls(tree)
        for label in labels(call)
        if not is_ours(label, function)
    ]
    wrong += [
        f"line {node.lineno}: {ast.unparse(node)}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript)
        if ast.unparse(node.targets[0].slice) in MESSAGE_KEYS and not is_ours(node.value, None)
    ]
    assert not wrong


def test_the_walk_sees_what_is_not_escaped() -> None:
    bad = """
def show(file, context):
    st.dialog(file.title)
    st.warning(context.say("same_name", names=file.name))
    text = file.name
    st.info(text)
    st.progress(0.5, f"{file.name} 1/2")
    st.error(f"{escape_markdown(file.name)}")
"""
    found = [
        [is_ours(label, function) for label in labels(call)]
        for function, call in calls(ast.parse(bad))
    ]
    assert found == [[False], [False], [False], [False], [True]]


def test_there_are_places_to_look_at() -> None:
    n_places = sum(len(list(calls(ast.parse(path.read_text("utf-8"))))) for path in SOURCES)
    assert n_places > 30
