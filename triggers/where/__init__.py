"""The query language of the dead-letter desk: one text for the API, command line and console.

`parse_query` reads it, its `condition` is what a store answers by index, and `look` and
`count` evaluate the rest on rows, a bounded number of them at a time.
"""

from triggers.where.query import EVERYTHING, Query, parse_query
from triggers.where.scan import Looked, look

__all__ = ["EVERYTHING", "Looked", "Query", "look", "parse_query"]
