"""Brings what the pages quote from the code up to date: `python docs/refresh.py`. A test says when it is needed.

- `paper.md`: the line of each place, `[file:LINE](../file#LLINE) `symbol`: `fragment``. The fragment must be on exactly
  one line of the symbol, a function, class or method; of a file that is not Python, on one line of the file.
- `architecture.md`: the drawing and the table of the rooms, from the imports and docstrings of the package.
- `contract.md`: the tables of signatures, tensors and state.
"""

import ast
import re
from pathlib import Path

import grimp

from ttvos_tf.contract import markdown_table

ROOT = Path(__file__).parents[1]
PACKAGE = "ttvos_tf"
PLACE = re.compile(r"\[(?P<path>[\w/.-]+):\d+\]\(\.\./[^)]*\)(?: `(?P<symbol>[\w.]+)`)?: `(?P<fragment>[^`]+)`")
DRAWING = re.compile(r"(?<=```mermaid\n%% rooms\n).*?(?=```)", re.DOTALL)
TABLE = re.compile(r"(?<=\| room \| what it is \| imports \|\n\| --- \| --- \| --- \|\n)(?:\|.*\n)*")

CONTRACT = re.compile(r"(?<=<!-- from ttvos_tf/contract.py, by docs/refresh.py -->\n).*?(?=<!-- end -->)", re.DOTALL)


def main() -> None:
    """Rewrites the pages."""
    for name, refreshed in PAGES.items():
        page = ROOT / "docs" / name
        page.write_text(refreshed(page.read_text()))


def with_lines(text: str) -> str:
    """`paper.md` with the line of every place.

    Raises:
        LookupError: a place that is not there any more, or is there twice.
    """

    def found(match: re.Match) -> str:
        path, symbol, fragment = match["path"], match["symbol"], match["fragment"]
        line = line_of(ROOT / path, symbol, fragment)
        return f"[{path}:{line}](../{path}#L{line})" + (f" `{symbol}`" if symbol else "") + f": `{fragment}`"

    return PLACE.sub(found, text)


def line_of(path: Path, symbol: str | None, fragment: str) -> int:
    """The line, from 1, of the only line of a symbol that holds a fragment."""
    if not path.exists():
        raise LookupError(f"{path}: no such file")
    lines = path.read_text().splitlines()
    first, last = _extent(path, symbol) if symbol else (1, len(lines))
    hits = [number for number in range(first, last + 1) if fragment in lines[number - 1]]
    if len(hits) != 1:
        raise LookupError(f"{path}: {symbol or 'the file'} has {fragment!r} on {len(hits)} lines, not on one")
    return hits[0]


def _extent(path: Path, symbol: str) -> tuple[int, int]:
    """First and last line of a function, class or assigned name, decorators and all; `Class.method` for a method."""
    scope: ast.AST = ast.parse(path.read_text())
    for name in symbol.split("."):
        named = [node for node in ast.iter_child_nodes(scope) if name in _names(node)]
        if len(named) != 1:
            raise LookupError(f"{path}: {symbol} is there {len(named)} times, not once")
        scope = named[0]
    return scope.lineno, scope.end_lineno  # type: ignore[attr-defined]


def _names(node: ast.AST) -> list[str]:
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [target.id for target in targets if isinstance(target, ast.Name)]


def with_rooms(text: str) -> str:
    """`architecture.md` with today's rooms."""
    imports = room_imports()
    # "graph" alone is a word of Mermaid's, so the names of nodes have something before them.
    nodes = [f'    room_{room}["{room}{"/" if _is_folder(room) else ".py"}"]\n' for room in imports]
    arrows = [f"    room_{room} --> room_{other}\n" for room in imports for other in sorted(_drawn(room, imports))]
    rows = [
        f"| `{room}` | {_sentence(room)} | {', '.join(f'`{other}`' for other in sorted(others)) or '-'} |\n"
        for room, others in imports.items()
    ]
    text = DRAWING.sub(lambda _: "flowchart TD\n" + "".join(nodes + arrows), text, count=1)
    return TABLE.sub(lambda _: "".join(rows), text, count=1)


def room_imports() -> dict[str, set[str]]:
    """Room -> the rooms that it imports, at any depth of nesting and in functions too; who stands highest first."""
    graph = grimp.build_graph(PACKAGE)
    imports: dict[str, set[str]] = {module.split(".")[1]: set() for module in graph.find_children(PACKAGE)}
    for module in graph.modules - {PACKAGE}:
        room = module.split(".")[1]
        others = {other.split(".")[1] for other in graph.find_modules_directly_imported_by(module) - {PACKAGE}}
        imports[room] |= others - {room}
    return {room: imports[room] for room in sorted(imports, key=lambda room: (-len(_below(room, imports)), room))}


def _below(room: str, imports: dict[str, set[str]]) -> set[str]:
    """All that a room stands on."""
    return imports[room].union(*(_below(other, imports) for other in imports[room]))


def _drawn(room: str, imports: dict[str, set[str]]) -> set[str]:
    """The imports of a room that do not follow from its others."""
    others = imports[room]
    return {other for other in others if not any(other in _below(another, imports) for another in others - {other})}


def _is_folder(room: str) -> bool:
    return (ROOT / PACKAGE / room).is_dir()


def _sentence(room: str) -> str:
    """The first line of a room's docstring."""
    module = ROOT / PACKAGE / (f"{room}/__init__.py" if _is_folder(room) else f"{room}.py")
    return (ast.get_docstring(ast.parse(module.read_text())) or "").split("\n")[0]


def with_contract(text: str) -> str:
    """`contract.md` with the tables of the contract."""
    return CONTRACT.sub(lambda _: f"\n{markdown_table()}\n\n", text, count=1)


PAGES = {"paper.md": with_lines, "architecture.md": with_rooms, "contract.md": with_contract}

if __name__ == "__main__":
    main()
