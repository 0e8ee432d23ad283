"""Steering: what an operator does to the triggers of a partition while they run.

`partition.steering` is made by `Partition.start`.
"""

from triggers.steering.acts import Applied, Ended, How, Sought
from triggers.steering.steering import Steering

__all__ = ["Applied", "Ended", "How", "Sought", "Steering"]
