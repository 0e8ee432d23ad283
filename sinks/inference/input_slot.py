"""An input as a model declares it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class InputSlot:
    """`datatype` is a name of the Open Inference Protocol; a dimension that may vary is None."""

    name: str
    datatype: str
    shape: tuple[int | None, ...]

    def __str__(self) -> str:
        """As people write it: measures FP32 [-1, 4]."""
        sizes = [-1 if size is None else size for size in self.shape]
        return f"{self.name} {self.datatype} {sizes}"
