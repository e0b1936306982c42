"""What was used against what the code asks for."""

from leakscan.permissions import Hole, Need, Spot, Text
from leakscan.privilege.difference import difference

HERE = Spot("a.py", 1)


def need(action: str, *resources: Text) -> Need:
    return Need(action, resources, HERE)


def test_what_a_pattern_of_the_code_covers_is_asked_for_and_used() -> None:
    code = [need("s3:GetObject", ("b/*",))]
    used = [need("s3:GetObject", ("b/x",)), need("s3:GetObject", ("c/x",))]
    found = difference(code, used, [])
    assert found.only_used == (("s3:GetObject", "c/x"),)
    assert found.only_code == ()


def test_a_hole_stands_for_any_name() -> None:
    code = [need("dynamodb:GetItem", ("arn:table/", Hole("TABLE")))]
    used = [need("dynamodb:GetItem", ("arn:table/orders",))]
    found = difference(code, used, [])
    assert (found.only_used, found.only_code) == ((), ())


def test_the_same_resource_under_another_action_is_no_use() -> None:
    found = difference(
        [need("s3:PutObject", ("b/x",))],
        [need("s3:GetObject", ("b/x",))],
        [need("s3:DeleteObject", ("b/x",))],
    )
    assert found.only_used == (("s3:GetObject", "b/x"),)
    assert found.only_code == (("s3:PutObject", "b/x"),)
    assert found.refused == (("s3:DeleteObject", "b/x"),)


def test_pairs_stand_once_and_in_order() -> None:
    used = [need("s3:GetObject", ("b",)), need("s3:GetObject", ("a",), ("b",))]
    found = difference([], used, [])
    assert found.only_used == (("s3:GetObject", "a"), ("s3:GetObject", "b"))


def test_no_resource_is_any() -> None:
    found = difference([need("ec2:DescribeRegions")], [need("ec2:DescribeRegions")], [])
    assert (found.only_used, found.only_code) == ((), ())
