"""What came to a WebhookSource and what became of it, for its standing."""

from broker.errors import HeadraceError
from sources.standing import Standing


class Reception:
    """Counts of one run. Each code of refusal is told in the log once, not once a request."""

    def __init__(self, standing: Standing) -> None:
        self._standing = standing
        self._taken = 0
        self._repeats = 0
        self._refused: dict[str, int] = {}

    def take(self, is_repeat: bool) -> None:
        self._taken += not is_repeat
        self._repeats += is_repeat
        self._tell()

    def refuse(self, error: HeadraceError) -> None:
        """Count what the sender was refused for; never with anything that it sent."""
        count = self._refused[error.code] = self._refused.get(error.code, 0) + 1
        if count == 1:
            remedy = f"; the sender's remedy: {error.remedy}" if error.remedy else ""
            self._standing.notice(f"requests are refused as {error.code}{remedy}")
        self._tell()

    def _tell(self) -> None:
        refused = ", ".join(f"{count} {code}" for code, count in self._refused.items())
        repeats = f", {self._repeats} repeats" if self._repeats else ""
        told = f"{self._taken} taken{repeats}"
        self._standing.position = f"{told}; refused: {refused}" if refused else told
