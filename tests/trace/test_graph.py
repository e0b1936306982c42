"""The order of commits holds for any graph, forged circles included."""

from hypothesis import given
from hypothesis import strategies as st

from leakscan.history.objects import CommitLinks
from leakscan.model import ObjectId
from leakscan.trace.graph import ancestors, topological

_TREE = ObjectId(bytes(20))


def _id(number: int) -> ObjectId:
    return ObjectId(number.to_bytes(20, "big"))


@st.composite
def _graphs(draw: st.DrawFn) -> dict[ObjectId, CommitLinks]:
    size = draw(st.integers(min_value=1, max_value=30))
    graph = {}
    for number in range(size):
        parents = draw(st.lists(st.integers(0, number - 1), max_size=3)) if number else []
        links = CommitLinks(_TREE, tuple(map(_id, parents)), draw(st.integers(0, 9)))
        graph[_id(number)] = links
    return dict(draw(st.permutations(list(graph.items()))))


@given(_graphs())
def test_parents_come_first(graph: dict[ObjectId, CommitLinks]) -> None:
    order = {commit: position for position, commit in enumerate(topological(graph))}
    assert order.keys() == graph.keys()
    for commit, links in graph.items():
        assert all(order[parent] < order[commit] for parent in links.parents)


@given(_graphs())
def test_ancestors_are_closed_under_parents(graph: dict[ObjectId, CommitLinks]) -> None:
    tip = max(graph)
    found = ancestors(graph, [tip])
    assert tip in found
    assert all(parent in found for commit in found for parent in graph[commit].parents)


def test_a_circle_of_forged_ids_ends() -> None:
    graph = {
        _id(1): CommitLinks(_TREE, (_id(2),), 0),
        _id(2): CommitLinks(_TREE, (_id(1),), 0),
        _id(3): CommitLinks(_TREE, (), 0),
    }
    assert topological(graph) == [_id(3), _id(1), _id(2)]
    assert ancestors(graph, [_id(1)]) == {_id(1), _id(2)}
