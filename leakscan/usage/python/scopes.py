"""The names of a Python module: where each is bound, which calls and classes there are.

Part of the usage stage. In: the text of a module. Out: `Module` with scopes, calls, classes
and functions, none of them evaluated. Nothing is run or imported.
"""

import ast
import warnings
from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import field

from leakscan.record import Record, State
from leakscan.usage.python.coding import NotPythonError, decoded

Block = tuple[int, ...]
Position = tuple[int, int]
FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef

START: Final[Position] = (0, 0)


class Binding(Record, frozen=True):
    """One way in which a name gets its value.

    `kind` is value, element (of what is iterated), entered (by `with`), import, function, class,
    parameter or unknown; `key` is the place in a tuple that is taken apart, or the member that is
    imported from `module`.
    """

    kind: str
    position: Position
    block: Block
    node: ast.AST | None = None
    key: int | str | None = None
    module: str = ""
    annotation: ast.expr | None = None


class Scope(State, eq=False):
    """The names of a module, class or function."""

    node: ast.AST
    module: "Module"
    parent: "Scope | None" = None
    bindings: dict[str, list[Binding]] = field(default_factory=dict)
    outer: set[str] = field(default_factory=set)
    """Names that `global` or `nonlocal` gives to an outer scope."""


class Place(Record, frozen=True, eq=False):
    """Where an expression stands, which says what its names mean."""

    scope: Scope
    position: Position
    block: Block


class Site(Record, frozen=True, eq=False):
    """A call, or an attribute that is read, with its place."""

    node: ast.expr
    place: Place


class FunctionInfo(State, eq=False):
    """A function: what it gives back, also by yielding."""

    node: FunctionNode
    scope: Scope
    outer: Scope
    owner: "ClassInfo | None" = None
    results: list[Site] = field(default_factory=list)

    def __hash__(self) -> int:
        return id(self)


class ClassInfo(State, eq=False):
    """A class: its methods, and what its methods put into attributes of their objects."""

    node: ast.ClassDef
    scope: Scope
    place: Place
    methods: dict[str, FunctionInfo] = field(default_factory=dict)
    attributes: dict[str, list[tuple[Place, Binding]]] = field(default_factory=dict)

    def __hash__(self) -> int:
        return id(self)


class Module(State, eq=False):
    """One file."""

    path: str
    scope: Scope | None = None
    calls: list[Site] = field(default_factory=list)
    reads: list[Site] = field(default_factory=list)
    functions: dict[int, FunctionInfo] = field(default_factory=dict)
    classes: dict[int, ClassInfo] = field(default_factory=dict)

    def __hash__(self) -> int:
        return id(self)


def read_module(path: str, data: bytes) -> Module:
    """Return the names of a module. Raises NotPythonError."""
    text = decoded(data)
    try:
        with warnings.catch_warnings():
            # What the compiler thinks of the text is for its authors.
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
        module = Module(path)
        _Reader(module).read(tree)
    except SyntaxError as error:
        raise NotPythonError(f"it is no Python 3: line {error.lineno or 1}") from None
    except (RecursionError, MemoryError, ValueError, OverflowError):
        raise NotPythonError("it is nested too deeply, or holds what Python cannot read") from None
    return module


class _Reader:
    """Walks the statements of a module."""

    def __init__(self, module: Module) -> None:
        self._module = module
        self._blocks = 0

    def read(self, tree: ast.Module) -> None:
        scope = Scope(tree, self._module)
        self._module.scope = scope
        self._body(tree.body, scope, (), None, None)

    def _body(
        self,
        body: Sequence[ast.stmt],
        scope: Scope,
        block: Block,
        function: FunctionInfo | None,
        owner: ClassInfo | None,
    ) -> None:
        for statement in body:
            self._statement(statement, scope, block, function, owner)

    def _statement(
        self,
        node: ast.stmt,
        scope: Scope,
        block: Block,
        function: FunctionInfo | None,
        owner: ClassInfo | None,
    ) -> None:
        place = Place(scope, (node.lineno, node.col_offset), block)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            self._function(node, place, owner)
        elif isinstance(node, ast.ClassDef):
            self._class(node, place)
        elif isinstance(node, ast.Global | ast.Nonlocal):
            scope.outer.update(node.names)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            self._import(node, place)
        else:
            self._bind_statement(node, place, function)
            for expression in _expressions(node):
                self._expression(expression, place, function)
            for inner in _bodies(node):
                self._blocks += 1
                self._body(inner, scope, (*block, self._blocks), function, owner)

    def _function(self, node: FunctionNode, place: Place, owner: ClassInfo | None) -> None:
        info = FunctionInfo(node, Scope(node, self._module, place.scope), place.scope, owner)
        self._module.functions[id(node)] = info
        self._bind(place.scope, node.name, _binding("function", node, place, node))
        if owner is not None and place.scope is owner.scope:
            owner.methods[node.name] = info
        for expression in (*node.decorator_list, *_defaults(node.args)):
            self._expression(expression, place, None)
        for argument in _parameters(node.args):
            bound = Binding("parameter", START, (), node, annotation=argument.annotation)
            info.scope.bindings.setdefault(argument.arg, []).append(bound)
        self._body(node.body, info.scope, (), info, owner)

    def _class(self, node: ast.ClassDef, place: Place) -> None:
        info = ClassInfo(node, Scope(node, self._module, place.scope), place)
        self._module.classes[id(node)] = info
        self._bind(place.scope, node.name, _binding("class", node, place, node))
        for expression in (*node.bases, *node.decorator_list, *(k.value for k in node.keywords)):
            self._expression(expression, place, None)
        self._body(node.body, info.scope, (), None, info)

    def _import(self, node: ast.Import | ast.ImportFrom, place: Place) -> None:
        for alias in node.names:
            if isinstance(node, ast.ImportFrom):
                module, key = "." * node.level + (node.module or ""), alias.name
                bound = Binding("import", place.position, place.block, node, key, module)
                self._bind(place.scope, alias.asname or alias.name, bound)
            else:
                name = alias.name if alias.asname else alias.name.partition(".")[0]
                bound = Binding("import", place.position, place.block, node, None, name)
                self._bind(place.scope, alias.asname or name, bound)

    def _bind_statement(self, node: ast.stmt, place: Place, function: FunctionInfo | None) -> None:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                self._target(target, node.value, "value", place, node, function)
        elif isinstance(node, ast.AnnAssign):
            self._target(node.target, node.value, "value", place, node, function, node.annotation)
        elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            before = ast.copy_location(ast.Name(node.target.id, ast.Load()), node)
            added = ast.copy_location(ast.BinOp(before, node.op, node.value), node)
            self._target(node.target, added, "value", place, node, function)
        elif isinstance(node, ast.For | ast.AsyncFor):
            self._target(node.target, node.iter, "element", place, node.iter, function)
        elif isinstance(node, ast.With | ast.AsyncWith):
            for item in node.items:
                if item.optional_vars is not None:
                    expression = item.context_expr
                    self._target(
                        item.optional_vars, expression, "entered", place, expression, function
                    )
        elif isinstance(node, ast.Return) and node.value is not None and function is not None:
            function.results.append(Site(node.value, place))

    def _target(
        self,
        target: ast.expr,
        value: ast.expr | None,
        kind: str,
        place: Place,
        end: ast.AST,
        function: FunctionInfo | None,
        annotation: ast.expr | None = None,
        key: int | str | None = None,
    ) -> None:
        """Bind a target to a value, or to its elements."""
        bound = _binding(kind, value, place, end, key, annotation)
        if isinstance(target, ast.Name):
            self._bind(place.scope, target.id, bound)
        elif isinstance(target, ast.Tuple | ast.List):
            for number, one in enumerate(target.elts):
                if key is None:
                    self._target(one, value, kind, place, end, function, key=number)
                elif isinstance(one, ast.Name):
                    self._bind(place.scope, one.id, _binding("unknown", None, place, end))
        elif isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
            self._attribute(target, target.value.id, place, bound, function)

    def _attribute(
        self,
        target: ast.Attribute,
        name: str,
        place: Place,
        bound: Binding,
        function: FunctionInfo | None,
    ) -> None:
        """Keep what a method puts into its own object: `self.s3 = ...`."""
        owner = function.owner if function is not None else None
        if function is None or owner is None:
            return
        arguments = function.node.args
        first = (*arguments.posonlyargs, *arguments.args)[:1]
        if first and first[0].arg == name:
            owner.attributes.setdefault(target.attr, []).append((place, bound))

    def _expression(self, top: ast.expr, place: Place, function: FunctionInfo | None) -> None:
        """Note the calls and attributes in an expression, and the names that it binds itself."""
        for node in ast.walk(top):
            if isinstance(node, ast.Call):
                self._module.calls.append(Site(node, place))
            elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
                self._module.reads.append(Site(node, place))
            elif isinstance(node, ast.NamedExpr):
                self._target(node.target, node.value, "value", place, node, function)
            elif isinstance(node, ast.comprehension):
                self._target(node.target, node.iter, "element", place, top, function)
                self._early(node.target, node.iter, place)
            elif isinstance(node, ast.Lambda):
                for argument in _parameters(node.args):
                    bound = Binding("unknown", START, place.block)
                    self._bind(place.scope, argument.arg, bound)
            elif isinstance(node, ast.Yield) and node.value is not None and function is not None:
                function.results.append(Site(node.value, place))

    def _early(self, target: ast.expr, value: ast.expr, place: Place) -> None:
        """Let the name of a comprehension be known before its end, where it is used."""
        if isinstance(target, ast.Name):
            line, column = place.position
            bound = Binding("element", (line, column - 1), place.block, value)
            self._bind(place.scope, target.id, bound)

    def _bind(self, scope: Scope, name: str, bound: Binding) -> None:
        while name in scope.outer and scope.parent is not None:
            top = scope
            while top.parent is not None:
                top = top.parent
            # A name of an outer scope may be bound at any time.
            scope, bound = (
                top,
                _binding(bound.kind, bound.node, None, None, bound.key, bound.annotation),
            )
        scope.bindings.setdefault(name, []).append(bound)


def _binding(
    kind: str,
    node: ast.AST | None,
    place: Place | None,
    end: ast.AST | None,
    key: int | str | None = None,
    annotation: ast.expr | None = None,
) -> Binding:
    """Return a binding that holds from the end of a node on."""
    position = START if place is None else place.position
    if isinstance(end, ast.expr | ast.stmt) and end.end_lineno is not None:
        is_whole = not isinstance(end, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        if is_whole:
            position = (end.end_lineno, end.end_col_offset or 0)
    return Binding(kind, position, place.block if place else (), node, key, "", annotation)


def _parameters(arguments: ast.arguments) -> Iterator[ast.arg]:
    yield from (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
    if arguments.vararg is not None:
        yield arguments.vararg
    if arguments.kwarg is not None:
        yield arguments.kwarg


def _defaults(arguments: ast.arguments) -> Iterator[ast.expr]:
    yield from arguments.defaults
    yield from (default for default in arguments.kw_defaults if default is not None)


def _expressions(node: ast.stmt) -> Iterator[ast.expr]:
    """Yield the expressions of a statement itself, not of statements in it."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr):
            yield child
        elif isinstance(child, ast.withitem):
            yield child.context_expr
        elif isinstance(child, ast.match_case) and child.guard is not None:
            yield child.guard


def _bodies(node: ast.stmt) -> Iterator[list[ast.stmt]]:
    """Yield the blocks of statements in a statement."""
    for name in ("body", "orelse", "finalbody"):
        body = getattr(node, name, None)
        if isinstance(body, list) and body:
            yield body
    if isinstance(node, ast.Try | ast.TryStar):
        yield from (handler.body for handler in node.handlers)
    elif isinstance(node, ast.Match):
        yield from (case.body for case in node.cases)
