"""Which keys a new journal may hold of the records that have not ended, so that no other is sought.

Nearly every call and verdict of a new run is asked for the first time, and asking SQLite each time
took a tenth of the engine's CPU. Keys of a record go with its end, so memory stays flat.
"""

from dataclasses import dataclass, field


@dataclass(slots=True)
class OpenKeys:
    """The keys that were handed in, of records that are open."""

    _keys: set[bytes] = field(default_factory=set)
    _of_records: dict[str, list[bytes]] = field(default_factory=dict)

    def add(self, record: str, key: bytes) -> None:
        """Note a key before it is written: until it is on disk it is sought there in vain."""
        self._keys.add(key)
        self._of_records.setdefault(record, []).append(key)

    def forget(self, record: str) -> None:
        """Let go of the keys of a record that has ended: it asks for nothing any more."""
        self._keys.difference_update(self._of_records.pop(record, ()))

    def __contains__(self, key: bytes) -> bool:
        return key in self._keys
