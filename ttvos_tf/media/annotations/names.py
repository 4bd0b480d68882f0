"""What the objects of a video are called, and which of them are of one class: those of one name."""

from collections.abc import Mapping


class Names:
    """Names of objects by their ids. An object that was given none is "Object 1", as in the browser."""

    def __init__(self, given: Mapping[int, str] | None = None):
        """Begins with the names given, id -> name."""
        self._given = dict(given or {})
        self._classes: dict[str, int] = {}

    def __getitem__(self, object_id: int) -> str:
        return self._given.get(object_id, f"Object {object_id}")

    def class_of(self, object_id: int) -> int:
        """The id of the first object that was asked for and has this one's name."""
        return self._classes.setdefault(self[object_id], object_id)

    @property
    def classes(self) -> dict[str, int]:
        """Name -> `class_of` of those that were asked for, in that order."""
        return dict(self._classes)
