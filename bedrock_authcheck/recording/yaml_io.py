"""YAML in and out: quick, no tag executed, and text as a person reads it."""

from __future__ import annotations

import gc
import hashlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import yaml

from bedrock_authcheck.recording.cassette import CassetteError

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

# libyaml's are ten times as fast; PyYAML is built without them on some platforms.
_BaseLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_BaseDumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

# What PyYAML raises for values that do not fit the tag that they have: `!!timestamp soon`.
_OF_TAGS: Final = (ValueError, LookupError, AttributeError, ArithmeticError)

_WIDTH: Final = 1_000_000  # characters: a JSON body stays on its line, or a diff shows all of it


class _Loader(_BaseLoader):  # type: ignore[misc] # chosen at run time
    """A safe loader that reads one harmless tag more than the base does."""


def _text_of(loader: Any, node: Any) -> str:  # noqa: ANN401 - of two libraries
    """Read the case-insensitive strings that aiohttp's recordings have for header names."""
    (text,) = loader.construct_sequence(node)
    return str(text)


_Loader.add_constructor("tag:yaml.org,2002:python/object/apply:multidict._multidict.istr", _text_of)


class _Dumper(_BaseDumper):  # type: ignore[misc] # chosen at run time
    """A safe dumper that repeats a value instead of pointing to it."""

    def ignore_aliases(self, data: Hashable) -> bool:  # noqa: ARG002 - the base's signature
        return True


def load(text: str, name: str) -> Any:  # noqa: ANN401 - whatever the text holds
    """Read YAML; CassetteError, naming the line, where it is none or holds a tag of Python's."""
    try:
        with _no_collection():
            return yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader
    except yaml.constructor.ConstructorError as error:
        raise CassetteError(
            f"{name} holds something that is never executed here: "
            f"{error.problem or error}{_line(error)}; delete it and record it anew"
        ) from None
    except (yaml.YAMLError, RecursionError, *_OF_TAGS) as error:
        problem = getattr(error, "problem", None) or type(error).__name__
        raise CassetteError(f"{name} is not YAML: {problem}{_line(error)}") from None


@contextmanager
def _no_collection() -> Iterator[None]:
    """Make no search for cycles: there is none in a tree that grows, and it doubles the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _line(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    return f" (line {mark.line + 1})" if mark is not None else ""


def dump(value: Any) -> str:  # noqa: ANN401 - what a cassette is made of
    """Write YAML in the order of the values, without references."""
    text: str = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH)
    return text


def digest(text: bytes) -> str:
    """Hash a text for a footer, in hexadecimal; line ends of Windows count as others."""
    return hashlib.sha256(text.replace(b"\r\n", b"\n")).hexdigest()
