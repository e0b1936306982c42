"""Typed access to the mappings of a configuration file, and the error that names what is wrong.

Below `config`. In: a value of a document and where it stands. Out: texts, lists, numbers and days
that have been checked, or a `ConfigError` that names file, entry and field.
"""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Final

from leakscan.errors import ExitCode, LeakscanError

HINT: Final = "The README says what this file may hold: paths, rules, fingerprints, each with why."


class ConfigError(LeakscanError):
    """A configuration file that cannot be used as it stands."""

    code = ExitCode.CONFIG

    def __init__(self, where: str, problem: str, hint: str = HINT) -> None:
        super().__init__(f"{where}: {problem}.", hint=hint)


class Fields:
    """Typed access to one mapping; every complaint names file, entry and field."""

    def __init__(
        self, where: str, mapping: object, keys: tuple[str, ...], hint: str = HINT
    ) -> None:
        self._where = where
        self._hint = hint
        if not isinstance(mapping, dict):
            raise self.fail("", f"must be a mapping with some of {', '.join(keys)}")
        self._mapping: Mapping[str, object] = mapping
        for key in mapping:
            if key not in keys:
                raise self.fail(key, f"is not a key here; known are {', '.join(keys)}")

    def __contains__(self, field: str) -> bool:
        return field in self._mapping

    def fail(self, field: str, problem: str) -> ConfigError:
        """Return the error for a field."""
        where = f"{self._where}: {field}" if field else self._where
        return ConfigError(where, problem, self._hint)

    def get(self, field: str, default: object = None) -> object:
        """Return what is there."""
        return self._mapping.get(field, default)

    def text(self, field: str) -> str:
        """Return a text that is not empty, in one line."""
        value = self._mapping.get(field)
        if value is None:
            raise self.fail(field, "is missing")
        if not isinstance(value, str):
            raise self.fail(field, "must be a text; put it in quotes")
        if not value.strip():
            raise self.fail(field, "is empty")
        return " ".join(value.split())

    def texts(self, field: str, fits: Callable[[str], bool], problem: str) -> tuple[str, ...]:
        """Return a list of texts that fit; none if the field is not there."""
        if field not in self:
            return ()
        values = self._mapping[field]
        if not isinstance(values, list) or not values:
            raise self.fail(field, "must be a list of texts, and not empty")
        texts = tuple(value for value in values if isinstance(value, str) and fits(value))
        if len(texts) < len(values):
            raise self.fail(field, problem)
        return texts

    def flag(self, field: str) -> bool:
        """Return a truth value, False if the field is not there."""
        value = self._mapping.get(field, False)
        if not isinstance(value, bool):
            raise self.fail(field, "must be true or false")
        return value

    def number(self, field: str, default: float, fits: Callable[[float], bool], says: str) -> float:
        """Return a number that fits, the default if the field is not there."""
        value = self._mapping.get(field, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not fits(value):
            raise self.fail(field, f"must be {says}")
        return float(value)

    def day(self, field: str) -> date | None:
        """Return a day of the calendar, None if the field is not there."""
        if field not in self:
            return None
        try:
            return day(self.text(field))
        except ValueError:
            raise self.fail(field, "must be a day such as 2027-01-31") from None


def day(text: str) -> date:
    """Return the day that a text names as YYYY-MM-DD. Raises ValueError."""
    if len(text) != len("YYYY-MM-DD"):  # Python takes other forms of ISO 8601 too.
        raise ValueError(text)
    return date.fromisoformat(text)
