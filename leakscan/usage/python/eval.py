"""What expressions of Python may be, without running any: names, attributes, calls.

Part of the usage stage. In: an expression and its place. Out: its values. Bounded in depth and
in steps; what is beyond is open. What other packages give is left to the caller's `Outside`.
"""

import ast
from collections.abc import Callable, Iterator
from typing import Final, Protocol

from msgspec import field

from leakscan.record import State
from leakscan.usage.python import values as v
from leakscan.usage.python.names import (
    called,
    chosen,
    default_of,
    first,
    hint,
    is_static,
    item_of,
    named,
    reaching,
    spread,
)
from leakscan.usage.python.program import Program
from leakscan.usage.python.scopes import (
    START,
    Binding,
    ClassInfo,
    FunctionInfo,
    Module,
    Place,
    Scope,
)
from leakscan.usage.python.values import ANYTHING, Open, Value, Values, union

_DEPTH: Final = 30
_STEPS: Final = 4_000
"""For one call; what people write takes some dozens."""
_ALL_STEPS: Final = 3_000_000
_NEAR: Final = 2
_FRAMES: Final = 3
"""Calls in calls that are followed with their arguments; deeper ones with what all callers give."""
_CALLERS: Final = 40
_CANDIDATES: Final = 80
_BASES: Final = 8
_END: Final = (1 << 60, 0)


class TooMuchError(Exception):
    """The program is too large to be followed to the end."""


class Frame(State, eq=False):
    """One call of a function that is followed with its arguments."""

    info: FunctionInfo
    arguments: dict[str, Values] = field(default_factory=dict)
    depth: int = 1


class Outside(Protocol):
    """Knows what is not of the repository."""

    def attribute(self, value: Value, name: str, node: ast.expr, place: Place) -> Values:
        """Return what an attribute of a value is."""
        ...

    def result(self, callee: Value, call: ast.Call, site: "Evaluation") -> Values:
        """Return what a call gives."""
        ...

    def expression(self, node: ast.expr, evaluation: "Evaluation") -> Values:
        """Return what an expression is that has to do with texts."""
        ...

    def inherited(self, base: str) -> Values:
        """Return what an object is of a class of the repository that is made from this one."""
        ...

    def annotated(self, node: ast.expr, evaluation: "Evaluation") -> Values:
        """Return what an annotation says; nothing where it says nothing of AWS."""
        ...


class Evaluation:
    """An evaluator at a place, in a frame."""

    def __init__(self, evaluator: "Evaluator", place: Place, frame: Frame | None) -> None:
        self.evaluator, self.place, self.frame = evaluator, place, frame

    def of(self, node: ast.expr | None) -> Values:
        """Return the values of an expression here."""
        return ANYTHING if node is None else self.evaluator.of(node, self.place, self.frame)

    @property
    def path(self) -> str:
        """The file."""
        return self.place.scope.module.path


class Evaluator:
    """Evaluates expressions of one program."""

    def __init__(self, program: Program, outside: Outside) -> None:
        self.program, self._outside = program, outside
        self._known: dict[tuple[int, int], Values] = {}
        self._rough: dict[tuple[int, int], Values] = {}
        self._frames: dict[tuple[int, int, int], Frame] = {}
        self._parameters: dict[tuple[int, str], Values] = {}
        self._busy: set[tuple[object, ...]] = set()
        self._depth = self._cuts = self._steps = self._all_steps = 0

    def begin(self) -> None:
        """Let the steps of another call begin. Raises TooMuchError."""
        self._all_steps += self._steps
        self._steps = 0
        self._rough.clear()
        if self._all_steps > _ALL_STEPS:
            raise TooMuchError

    def of(self, node: ast.expr, place: Place, frame: Frame | None = None) -> Values:
        """Return the values of an expression."""
        key = (id(node), id(frame) if frame else 0)
        found = self._known.get(key) or self._rough.get(key)
        if found is not None:
            return found
        self._steps += 1
        if self._depth > _DEPTH or key in self._busy or self._steps > _STEPS:
            self._cuts += 1
            return (Open(hint(node)),)
        cuts = self._cuts
        found = self._guarded(key, lambda: self._evaluate(node, place, frame))
        # What was cut short is whole, perhaps, when the next call asks for it.
        is_whole = cuts == self._cuts or self._depth <= _NEAR
        (self._known if is_whole else self._rough)[key] = found
        return found

    def _guarded(self, key: tuple[object, ...], work: Callable[[], Values]) -> Values:
        """Do what may come back to itself; the second time it is open."""
        if key in self._busy:
            self._cuts += 1
            return ANYTHING
        self._busy.add(key)
        self._depth += 1
        try:
            return work() or ANYTHING
        finally:
            self._depth -= 1
            self._busy.discard(key)

    def _evaluate(self, node: ast.expr, place: Place, frame: Frame | None) -> Values:
        here = Evaluation(self, place, frame)
        match node:
            case ast.Name():
                return self.name(node.id, place, frame)
            case ast.Attribute():
                return union(*(self.attribute(of, node, place) for of in here.of(node.value)))
            case ast.Call():
                return union(*(self.call(callee, node, here) for callee in here.of(node.func)))
            case ast.Await() | ast.Starred() | ast.NamedExpr():
                return here.of(node.value)
            case ast.IfExp():
                return chosen(here.of(node.body), here.of(node.orelse))
            case ast.BoolOp():
                return chosen(*(here.of(one) for one in node.values))
            case _:
                return self._outside.expression(node, here)

    # -- names ------------------------------------------------------------------------------

    def name(self, name: str, place: Place, frame: Frame | None) -> Values:
        """Return what a name means at a place."""
        scope: Scope | None = place.scope
        while scope is not None:
            is_here = scope is place.scope
            is_hidden = not is_here and isinstance(scope.node, ast.ClassDef)
            bound = scope.bindings.get(name)
            if bound and not is_hidden and name not in scope.outer:
                if is_here:
                    bound = reaching(bound, place)
                return union(*(self.bound(one, name, scope, frame) for one in bound[:16]))
            scope = scope.parent
        return (v.External(name),)

    def bound(self, one: Binding, name: str, scope: Scope, frame: Frame | None) -> Values:
        """Return what one binding gives a name."""
        place = Place(scope, one.position, one.block)
        if frame is not None and frame.info.scope is not scope:
            frame = None
        if one.kind == "import":
            return self._imported(one, scope.module)
        if one.kind == "function":
            return (v.Function(scope.module.functions[id(one.node)]),)
        if one.kind == "class":
            return (v.Class(scope.module.classes[id(one.node)]),)
        if one.kind == "parameter":
            return self._parameter(name, one, scope, frame)
        found = ANYTHING
        if isinstance(one.node, ast.expr):
            found = self.of(one.node, place, frame)
            found = self._taken(found, one)
        if one.annotation is not None and all(isinstance(value, Open) for value in found):
            found = self._outside.annotated(one.annotation, Evaluation(self, place, frame)) or found
        return named(found, name)

    def _taken(self, found: Values, one: Binding) -> Values:
        """Return what is bound of the values: all of them, an element, an item."""
        if one.kind == "element":
            found = union(*(self._elements(value) for value in found))
        if isinstance(one.key, int):
            return union(*(item_of(value, one.key) for value in found))
        return found

    def _elements(self, value: Value) -> Values:
        if isinstance(value, v.Series):
            return union(*value.elements) or ANYTHING
        return self._outside.attribute(value, "__next__", ast.Constant(None), NOWHERE)

    def _imported(self, one: Binding, module: Module) -> Values:
        """Return a module, or what is imported from one."""
        found = self.program.imported(one.module, module.path)
        if one.key is None:
            return (v.Local(found),) if found else (v.External(one.module),)
        if found is not None and found is not module:
            values = self.member(found, str(one.key))
            if values:
                return values
        inner = f"{one.module}{'' if one.module.endswith('.') else '.'}{one.key}"
        below = self.program.imported(inner, module.path)
        return (v.Local(below),) if below is not None else (v.External(inner),)

    def member(self, module: Module, name: str) -> Values:
        """Return what a module has under a name; nothing where it has none."""
        scope = module.scope
        if scope is None or name not in scope.bindings:
            return ()
        place = Place(scope, _END, ())
        key = ("member", id(module), name)
        return self._guarded(key, lambda: self.name(name, place, None))

    # -- parameters -------------------------------------------------------------------------

    def _parameter(self, name: str, one: Binding, scope: Scope, frame: Frame | None) -> Values:
        info = scope.module.functions[id(one.node)]
        if info.owner is not None and name == first(info) and not is_static(info):
            is_class = any(called(d) == "classmethod" for d in info.node.decorator_list)
            return (v.Class(info.owner),) if is_class else (v.Instance(info.owner),)
        if frame is not None and frame.info is info:
            given = frame.arguments.get(name)
            if given is None:
                given = self._default(name, info)
        else:
            given = self._of_callers(name, info)
        if one.annotation is not None and all(isinstance(value, Open) for value in given):
            here = Evaluation(self, Place(scope.parent or scope, _END, ()), None)
            given = self._outside.annotated(one.annotation, here) or given
        return named(given, name)

    def _of_callers(self, name: str, info: FunctionInfo) -> Values:
        key, cuts = (id(info), name), self._cuts
        if key in self._parameters:
            return self._parameters[key]
        found = self._guarded(("parameter", *key), lambda: self._from_callers(name, info))
        if cuts == self._cuts:
            self._parameters[key] = found
        return found

    def _default(self, name: str, info: FunctionInfo) -> Values:
        node = default_of(name, info.node.args)
        if node is None:
            return (Open(name),)
        place = Place(info.outer, (info.node.lineno, info.node.col_offset), ())
        found = self.of(node, place)
        return (Open(name),) if found == (v.Nothing(),) else found

    def _from_callers(self, name: str, info: FunctionInfo) -> Values:
        """Return what the callers in the repository give, and the default."""
        found: list[Values] = []
        for site in self.program.callers_of(info)[:_CANDIDATES]:
            if not isinstance(site.node, ast.Call) or len(found) >= _CALLERS:
                break
            callees = self.of(site.node.func, site.place)
            if any(self._is_call_of(callee, info) for callee in callees):
                arguments = self._arguments(info, site.node, Evaluation(self, site.place, None))
                found.append(arguments.get(name) or self._default(name, info))
        return union(*found) if found else self._default_too(name, info)

    def _default_too(self, name: str, info: FunctionInfo) -> Values:
        """Return the default of what nobody in the repository calls: others may give another."""
        return union(self._default(name, info), (Open(name),))

    def _is_call_of(self, callee: Value, info: FunctionInfo) -> bool:
        if isinstance(callee, v.Class) and info.node.name == "__init__":
            return self.method(callee.info, "__init__") is info
        return isinstance(callee, v.Function) and callee.info is info

    def _arguments(self, info: FunctionInfo, call: ast.Call, here: Evaluation) -> dict[str, Values]:
        """Return what a call gives to the parameters of a function, by their names."""
        arguments = info.node.args
        names = [one.arg for one in (*arguments.posonlyargs, *arguments.args)]
        if info.owner is not None and names and not is_static(info):
            names = names[1:]
        given: dict[str, Values] = {}
        for position, argument in enumerate(call.args):
            if isinstance(argument, ast.Starred):
                given.update(dict.fromkeys(names[position:], ANYTHING))
                break
            if position < len(names):
                given[names[position]] = here.of(argument)
        known = {*names, *(one.arg for one in arguments.kwonlyargs)}
        for keyword in call.keywords:
            if keyword.arg is None:
                given.update(spread(here.of(keyword.value), known - given.keys()))
            elif keyword.arg in known:
                given[keyword.arg] = here.of(keyword.value)
        if arguments.kwarg is not None:
            rest = tuple(
                ((k.arg,), here.of(k.value)) for k in call.keywords if k.arg and k.arg not in known
            )
            whole = all(k.arg for k in call.keywords)
            given[arguments.kwarg.arg] = (v.Table(rest, is_whole=whole),)
        return given

    def above(self, place: Place) -> Values:
        """Return what `super()` is at a place: an object of each class above that is known."""
        info = place.scope.module.functions.get(id(place.scope.node))
        if info is None or info.owner is None:
            return ANYTHING
        classes = list(self.bases(info.owner))[1:]
        return (*map(v.Instance, classes), *self._foreign(info.owner)) or ANYTHING

    def _foreign(self, info: ClassInfo) -> Values:
        """Return what an object of a class is by the classes of other packages above it."""
        bases = (
            value.name
            for one in self.bases(info)
            for base in one.node.bases
            for value in self.of(base, one.place)
            if isinstance(value, v.External)
        )
        return union(*map(self._outside.inherited, bases))

    # -- attributes and calls ---------------------------------------------------------------

    def attribute(self, of: Value, node: ast.Attribute, place: Place) -> Values:
        """Return what an attribute of a value is."""
        name = node.attr
        if isinstance(of, v.Local):
            found = self.member(of.module, name)
            below = f".{name}" if of.module.path.endswith("__init__.py") else ""
            module = self.program.imported(below, of.module.path) if below and not found else None
            return found or ((v.Local(module),) if module else (Open(name),))
        if isinstance(of, v.Instance | v.Class):
            found = self._member_of_class(of, name) or (Open(name),)
            if found != (Open(name),):
                return found
            above = [
                self._outside.attribute(one, name, node, place) for one in self._foreign(of.info)
            ]
            return union(*above) or found
        if isinstance(of, v.External):
            return (v.External(f"{of.name}.{name}"),) if len(of.name) < 200 else (Open(name),)
        return self._outside.attribute(of, name, node, place)

    def _member_of_class(self, of: v.Instance | v.Class, name: str) -> Values:
        key = ("attribute", id(of.info), name)
        if key in self._busy:
            return (Open(name),)
        return self._guarded(key, lambda: self._look_up(of, name))

    def _look_up(self, of: v.Instance | v.Class, name: str) -> Values:
        found: list[Values] = []
        for info in self.bases(of.info):
            method = info.methods.get(name)
            if method is not None:
                owner = v.Instance(of.info)
                is_property = any(
                    "property" in called(d).lower() for d in method.node.decorator_list
                )
                if not is_property:
                    return (v.Function(method, owner),)
                found.append(self.results(method, None))
                break
            for place, one in info.attributes.get(name, ())[:8]:
                found.append(self._bound_at(one, name, place))
            own = info.scope.bindings.get(name, ())[:8]
            found += [self.bound(one, name, info.scope, None) for one in own]
        merged = union(*found)
        useful = tuple(one for one in merged if not isinstance(one, v.Nothing))
        return useful or merged or (Open(name),)

    def _bound_at(self, one: Binding, name: str, place: Place) -> Values:
        where = Place(place.scope, place.position, place.block)
        found = ANYTHING
        if isinstance(one.node, ast.expr):
            found = self._taken(self.of(one.node, where), one)
        if one.annotation is not None and all(isinstance(value, Open) for value in found):
            found = self._outside.annotated(one.annotation, Evaluation(self, where, None)) or found
        return named(found, name)

    def bases(self, info: ClassInfo) -> Iterator[ClassInfo]:
        """Yield a class and those above it that are of the repository."""
        waiting, seen = [info], {id(info)}
        while waiting and len(seen) <= _BASES:
            one = waiting.pop(0)
            yield one
            for base in one.node.bases:
                for value in self.of(base, one.place):
                    if isinstance(value, v.Class) and id(value.info) not in seen:
                        seen.add(id(value.info))
                        waiting.append(value.info)

    def method(self, info: ClassInfo, name: str) -> FunctionInfo | None:
        """Return the method of a class, or of those above it."""
        return next((one.methods[name] for one in self.bases(info) if name in one.methods), None)

    def call(self, callee: Value, call: ast.Call, here: Evaluation) -> Values:
        """Return what a call gives."""
        if isinstance(callee, v.Function):
            key = (id(callee.info), id(call), id(here.frame) if here.frame else 0)
            frame = self._frames.get(key)
            depth = here.frame.depth + 1 if here.frame else 1
            if frame is None and depth <= _FRAMES:
                frame = Frame(callee.info, self._arguments(callee.info, call, here), depth)
                self._frames[key] = frame
            return self.results(callee.info, frame)
        if isinstance(callee, v.Class):
            return (v.Instance(callee.info),)
        return self._outside.result(callee, call, here)

    def results(self, info: FunctionInfo, frame: Frame | None) -> Values:
        """Return what a function gives back."""
        if len(info.results) > 32:
            return ANYTHING
        found = [self.of(site.node, site.place, frame) for site in info.results]
        merged = union(*found)
        if info.node.returns is not None and all(isinstance(one, Open) for one in merged):
            here = Evaluation(self, Place(info.outer, _END, ()), None)
            merged = self._outside.annotated(info.node.returns, here) or merged
        return (
            tuple(one for one in merged if not isinstance(one, v.Nothing))
            or merged
            or (v.Nothing(),)
        )


_NO_MODULE: Final = Module("")
NOWHERE: Final = Place(Scope(ast.Module([], []), _NO_MODULE), START, ())
