from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

from bedrock_authcheck.spec.parameters import NoParametersError, minimal_parameters

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.model import Shape, StructureShape

    from bedrock_authcheck.spec.catalogue import Catalogue

# Patterns in a dialect that Python does not speak, of strings that some operation requires.
FOREIGN_PATTERNS = {r"^\P{C}*$"}

PRINT_ALL = """
import json
from bedrock_authcheck.spec.catalogue import Catalogue
from bedrock_authcheck.spec.parameters import minimal_parameters
catalogue = Catalogue.load()
made = {str(op): minimal_parameters(catalogue.input_shape(op)) for op in catalogue}
print(json.dumps(made, default=str))
"""


def test_botocores_validator_accepts_the_parameters_of_every_operation(
    catalogue: Catalogue,
) -> None:
    validator = ParamValidator()
    for operation in catalogue:
        shape = catalogue.input_shape(operation)
        made = minimal_parameters(shape)
        if shape is None:
            assert made == {}, str(operation)
            continue
        report = validator.validate(made, shape)
        assert not report.has_errors(), f"{operation}: {report.generate_report()}"


def test_every_string_satisfies_pattern_length_and_enum(catalogue: Catalogue) -> None:
    foreign = set()
    checked = 0
    for operation in catalogue:
        shape = catalogue.input_shape(operation)
        if shape is None:
            continue
        for string, text in _strings(shape, minimal_parameters(shape)):
            limits = string.metadata
            assert text, f"{operation}: {string.name} is empty"
            assert len(text) >= limits.get("min", 0), f"{operation}: {string.name} {text!r}"
            assert len(text) <= limits.get("max", len(text)), f"{operation}: {string.name} {text!r}"
            if limits.get("enum"):
                assert text == limits["enum"][0]
            elif pattern := limits.get("pattern"):
                try:
                    compiled = re.compile(pattern)
                except re.error:
                    foreign.add(pattern)
                    continue
                checked += 1
                assert compiled.fullmatch(text), f"{operation}: {string.name} {text!r} {pattern!r}"
    assert foreign <= FOREIGN_PATTERNS
    assert checked > 100


def test_labels_of_the_path_look_like_a_plain_id(catalogue: Catalogue) -> None:
    for name in ("Converse", "ConverseStream", "InvokeModel", "InvokeModelWithResponseStream"):
        operation = catalogue.operation("bedrock-runtime", name)
        assert operation is not None
        made = minimal_parameters(catalogue.input_shape(operation))
        assert made == {"modelId": "abcdefghij"}


def test_no_account_but_twelve_zeros_appears(catalogue: Catalogue) -> None:
    made = json.dumps(
        [minimal_parameters(catalogue.input_shape(operation)) for operation in catalogue],
        default=str,
    )
    assert set(re.findall(r"\d{12}", made)) == {"000000000000"}


@pytest.mark.parametrize("seed", ["1", "2"])
def test_another_process_makes_the_same(catalogue: Catalogue, seed: str) -> None:
    here = {str(op): minimal_parameters(catalogue.input_shape(op)) for op in catalogue}
    done = subprocess.run(
        [sys.executable, "-c", PRINT_ALL],
        env={**os.environ, "PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert json.loads(done.stdout) == json.loads(json.dumps(here, default=str))


def test_an_operation_without_input_takes_nothing() -> None:
    assert minimal_parameters(None) == {}


@pytest.mark.parametrize(
    ("member", "expected"),
    [
        ({"type": "string"}, "abcdefghij"),
        ({"type": "string", "max": 3}, "abc"),
        ({"type": "string", "min": 12, "max": 12}, "abcdefghijab"),
        ({"type": "string", "min": 0, "pattern": "(|[1-9][0-9]{0,7})"}, "10"),
        ({"type": "string", "pattern": "[0-9]{12}"}, "000000000000"),
        ({"type": "string", "pattern": "[A-Z]{3}[0-9]+[^:]"}, "AAA0a"),
        ({"type": "string", "pattern": "id-[a-z]*", "min": 6}, "id-aaa"),
        ({"type": "string", "pattern": "[0-9a-f-]{36}", "min": 36, "max": 36}, None),
        ({"type": "string", "pattern": r"\p{L}+", "min": 11}, "abcdefghija"),
        ({"type": "string", "enum": ["SECOND", "FIRST"], "pattern": "[0-9]"}, "SECOND"),
        ({"type": "integer"}, 1),
        ({"type": "integer", "min": 24, "max": 168}, 24),
        ({"type": "long", "min": -5, "max": 0}, 0),
        ({"type": "float", "min": 1e-07, "max": 0.001}, 0.001),
        ({"type": "double", "max": 0}, 0),
        ({"type": "boolean"}, False),
        ({"type": "blob"}, b"{}"),
        ({"type": "blob", "min": 5}, b"{}   "),
        ({"type": "list", "member": {"shape": "Name"}}, []),
        ({"type": "list", "member": {"shape": "Name"}, "min": 2}, ["abcdefghij"] * 2),
        ({"type": "map", "key": {"shape": "Name"}, "value": {"shape": "Flag"}}, {}),
        (
            {"type": "map", "key": {"shape": "Name"}, "value": {"shape": "Flag"}, "min": 2},
            {"abcdefghij": False, "example.model": False},
        ),
        ({"type": "structure", "members": {}, "document": True}, {}),
        (
            {
                "type": "structure",
                "union": True,
                "members": {"all": {"shape": "Filters"}, "one": {"shape": "Name"}},
            },
            {"one": "abcdefghij"},
        ),
    ],
)
def test_a_member_gets_the_plainest_value_of_its_shape(
    member: dict[str, Any], expected: object
) -> None:
    made = minimal_parameters(_input_with(member))["member"]
    if expected is None:
        assert re.fullmatch(member["pattern"], made)
    else:
        assert made == expected


def test_a_timestamp_is_fixed_and_knows_its_zone() -> None:
    made = minimal_parameters(_input_with({"type": "timestamp"}))["member"]
    assert made.isoformat() == "2026-01-01T00:00:00+00:00"


def test_members_that_are_not_required_are_left_out() -> None:
    token = {"type": "string", "idempotencyToken": True}
    assert minimal_parameters(_input_with(token, required=False)) == {}


@pytest.mark.parametrize(
    ("member", "message"),
    [
        ({"type": "structure", "members": {"again": {"shape": "Member"}}, "required": ["again"]},
         "Member requires itself"),
        ({"type": "string", "pattern": "(?=a)b"}, "Member: no string found for"),
        ({"type": "map", "key": {"shape": "Only"}, "value": {"shape": "Flag"}, "min": 2},
         "Member: found 1 keys of at least 2"),
        ({"type": "quaternion"}, "Member: no value is known for type quaternion"),
    ],
)  # fmt: skip
def test_what_cannot_be_made_is_one_clear_error(member: dict[str, Any], message: str) -> None:
    with pytest.raises(NoParametersError, match=re.escape(message)):
        minimal_parameters(_input_with(member))


def _input_with(member: dict[str, Any], *, required: bool = True) -> StructureShape:
    shapes = {
        "Member": member,
        "Name": {"type": "string"},
        "Only": {"type": "string", "enum": ["only"]},
        "Flag": {"type": "boolean"},
        "Filters": {"type": "list", "member": {"shape": "Member"}, "min": 2},
        "Input": {
            "type": "structure",
            "members": {"member": {"shape": "Member"}},
            "required": ["member"] if required else [],
        },
    }
    model = ServiceModel({"metadata": {}, "operations": {}, "shapes": shapes}, "made-up")
    return model.shape_for("Input")  # type: ignore[return-value]  # Input is a structure


def _strings(shape: Shape, value: object) -> Iterator[tuple[Shape, str]]:
    """Walk a value along its shape and yield each string with the shape it stands for."""
    # The stubs know only the base class of what the walk has found the type of.
    node: Any = shape
    if isinstance(value, dict) and node.type_name == "map":
        for key, item in value.items():
            yield node.key, key
            yield from _strings(node.value, item)
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _strings(node.members[name], item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(node.member, item)
    elif isinstance(value, str):
        yield shape, value
