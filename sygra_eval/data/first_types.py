"""The types of columns as the first rows of a file show them, and whether later rows fit those.

They fit when all rows together would have given the same types. pyarrow is imported by those who
use this.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sygra_eval.data.columns import (
    TEXT,
    DoesNotFit,
    array,
    common_type,
    found_array,
    pa,
    storable,
    type_of,
)

Values = Mapping[str, Sequence[object]]


class FirstTypes:
    """What the columns of some rows are.

    :ivar kinds: The type of each column as it is stored, `TEXT` where it is JSON text.
    """

    def __init__(self, first: Values, like: Mapping[str, object]) -> None:
        self._like = {name: type_of([value]) for name, value in like.items() if name in first}
        self._seen = {name: type_of(values) for name, values in first.items()}
        self.kinds = {name: self._stored(name, kind) for name, kind in self._seen.items()}
        types = [(name, pa.string() if kind is TEXT else kind) for name, kind in self.kinds.items()]
        self._schema = pa.schema(types)

    def batch(self, columns: Values, rows: int) -> Any:
        """Return rows as a record batch; None when they show that a type has to be another."""
        if columns.keys() - self.kinds.keys():
            return None
        arrays = []
        for name, kind in self.kinds.items():
            values = columns.get(name)
            if values is None:
                arrays.append(pa.nulls(rows, self._schema.field(name).type))
                continue
            made = self._array(name, kind, values)
            if made is None:
                return None
            arrays.append(made)
        return pa.RecordBatch.from_arrays(arrays, schema=self._schema)

    def _array(self, name: str, kind: Any, values: Sequence[object]) -> Any:
        if kind == pa.string() and self._seen[name] == kind:  # most columns, and seen at once
            try:
                return array(values, kind)
            except DoesNotFit:
                return None
        found = found_array(values)
        shown = TEXT if found is None else found.type
        if shown != self._seen[name]:
            self._seen[name] = common_type(self._seen[name], shown)
            if self._stored(name, self._seen[name]) != kind:
                return None
        if found is not None and shown == kind:
            return found
        try:
            return array(values, kind)
        except DoesNotFit:
            return None

    def _stored(self, name: str, kind: Any) -> Any:
        """Return the type that is stored where rows showed this one."""
        return storable(common_type(kind, self._like[name]) if name in self._like else kind)
