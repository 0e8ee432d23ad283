"""The story of one event: what led to it, who matched it, where each delivery is, what followed."""

from triggers.story.chapter import Chapter, Where
from triggers.story.storyteller import Storyteller
from triggers.story.telling import Story, tell

__all__ = ["Chapter", "Story", "Storyteller", "Where", "tell"]
