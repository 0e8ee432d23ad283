"""What is stored of a folder."""

from sources.folder.book import Known, decode_files, decode_known, encode_told, file_key
from sources.folder.listing import Seen, Told

TOLD = Told(Seen(2**40, 2**60, 2**60 + 1, 2**63), "abc")


def test_the_folder_is_read_as_it_was_written() -> None:
    known = Known("in/d\udcff%", 7)

    assert decode_known(known.encode()) == known


def test_files_are_read_as_they_were_written() -> None:
    value = encode_told(TOLD)

    assert value is not None
    assert decode_files([(file_key("a\udcff%/b"), value)]) == {"a\udcff%/b": TOLD}


def test_a_file_that_is_gone_has_no_record() -> None:
    assert encode_told(None) is None
