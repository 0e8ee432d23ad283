"""The XML of S3 answers as elements. Pure."""

# The standard parser is enough where no document type is let in: entities come only by one.
import xml.etree.ElementTree as Tree

from broker.errors import Unavailable

Element = Tree.Element


def parse(body: bytes) -> Element:
    """The root of an answer. Raises Unavailable: whoever answered so is no S3 server."""
    try:
        text = body.decode()
        if "<!DOCTYPE" in text:
            raise _not_s3("with a document type")
        return Tree.fromstring(text)  # noqa: S314
    except (UnicodeDecodeError, Tree.ParseError) as error:
        raise _not_s3("that is no XML") from error


def name_of(element: Element) -> str:
    """The tag, without its namespace: servers differ in having one."""
    return element.tag.rpartition("}")[2]


def texts_of(element: Element) -> dict[str, str]:
    """The children that hold text only, by name; of several with one name the last."""
    return {name_of(child): child.text or "" for child in element if not len(child)}


def _not_s3(how: str) -> Unavailable:
    return Unavailable(
        f"the server sent an answer {how}",
        code="not-s3",
        where="spec.endpoint",
        remedy="name the address of an S3 server, or mend the proxy before it",
    )
