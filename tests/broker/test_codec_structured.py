"""Structured mode: the JSON format of one event, read strictly and written back exactly."""

import json

import pytest

from broker.codec import Limits, decode_structured, encode_line, encode_structured, make_event
from broker.errors import InvalidEvent, TooLarge
from broker.event import Event

USUAL = '"specversion":"1.0","id":"1","source":"/s","type":"t"'


def decode(members: str = "", limits: Limits | None = None) -> Event:
    """Decode the usual members followed by `members`, written as JSON."""
    text = "{" + USUAL + ("," if members else "") + members + "}"
    return decode_structured(text.encode(), limits or Limits())


def refusal(members: str) -> InvalidEvent:
    with pytest.raises(InvalidEvent) as caught:
        decode(members)
    return caught.value


@pytest.mark.parametrize(
    "written",
    ['{ "a" : 1.0 ,"b":[ ]}', "[1, 2]", "null", "true", "-0", "1E5", '"te\\u0078t"', '""'],
)
def test_json_data_is_kept_as_the_bytes_it_was_written_in(written: str) -> None:
    event = decode(f'"datacontenttype":"application/json", "data" :  {written}  ')

    assert event.data == written.encode()


@pytest.mark.parametrize("declared", ["", '"datacontenttype":null,'])
def test_data_without_a_type_is_json_from_then_on(declared: str) -> None:
    event = decode(declared + '"data":"text"')

    assert event.attributes["datacontenttype"] == "application/json"
    assert event.data == b'"text"'
    assert event.head.endswith(b"content-type: application/json\r\n")


@pytest.mark.parametrize("kind", ["text/json", "application/geo+json; v=1", "Application/JSON"])
def test_every_json_type_keeps_its_strings_quoted(kind: str) -> None:
    event = decode(f'"datacontenttype":"{kind}","data":"text"')

    assert event.data == b'"text"'


def test_text_of_another_type_is_the_data_itself() -> None:
    event = decode(r'"datacontenttype":"application/xml","data":"<much wow=\"\u20ac\"/>\n"')

    assert event.data == '<much wow="€"/>\n'.encode()


def test_other_json_of_another_type_is_kept_as_written() -> None:
    event = decode('"datacontenttype":"application/xml","data":{"a" : 1}')

    assert event.data == b'{"a" : 1}'


def test_text_beyond_ascii_is_not_passed_off_in_a_declared_charset() -> None:
    accepted = decode('"datacontenttype":"text/plain; charset=latin1","data":"plain"')
    error = refusal('"datacontenttype":"text/plain; charset=latin1","data":"é"')

    assert accepted.data == b"plain"
    assert error.code == "data-charset"


def test_base64_data_is_decoded() -> None:
    event = decode('"datacontenttype":"image/png","data_base64":"AP/+"')

    assert event.data == b"\x00\xff\xfe"


def test_no_data_is_no_data() -> None:
    assert decode('"datacontenttype":"text/plain"').data is None
    assert decode('"data_base64":null').data is None
    assert decode('"data_base64":""').data == b""


@pytest.mark.parametrize(
    "encoded", ['"A"', '"AP_-"', '"QQ==\\n"', '"QQ"', '"Q=Q="', '"é"', "5", "[]"]
)
def test_bad_base64_is_refused(encoded: str) -> None:
    error = refusal(f'"data_base64":{encoded}')

    assert (error.code, error.where) == ("bad-base64", "data_base64")


def test_data_beside_data_base64_is_refused() -> None:
    error = refusal('"data":null,"data_base64":"QQ=="')

    assert error.code == "data-twice"


def test_values_become_their_canonical_strings_and_null_is_absent() -> None:
    event = decode('"yes":true,"no":false,"low":-2147483648,"high":2147483647,"subject":null')

    assert event.attributes == {
        "specversion": "1.0",
        "id": "1",
        "source": "/s",
        "type": "t",
        "yes": "true",
        "no": "false",
        "low": "-2147483648",
        "high": "2147483647",
    }


@pytest.mark.parametrize(
    "number", ["2147483648", "-2147483649", "1.5", "1.0", "1e3", "99999999999999999999999"]
)
def test_a_number_that_is_no_32_bit_integer_is_refused(number: str) -> None:
    error = refusal(f'"petals":{number}')

    assert (error.code, error.where) == ("bad-integer", "petals")


@pytest.mark.parametrize("value", ["{}", "[]", '{"a":1}', "[1]"])
def test_an_attribute_is_no_object_and_no_array(value: str) -> None:
    error = refusal(f'"petals":{value}')

    assert (error.code, error.where) == ("bad-value", "petals")


@pytest.mark.parametrize("member", ['"subject":5', '"time":true', '"datacontenttype":1'])
def test_the_attributes_of_the_specification_are_strings(member: str) -> None:
    error = refusal(member)

    assert error.code == "bad-value"


def test_a_version_written_as_a_number_is_refused() -> None:
    with pytest.raises(InvalidEvent) as caught:
        decode_structured(b'{"specversion":1.0,"id":"1","source":"/s","type":"t"}', Limits())

    assert (caught.value.code, caught.value.where) == ("bad-value", "specversion")


@pytest.mark.parametrize("name", ["specversion", "id", "source", "type"])
def test_a_required_attribute_that_is_null_is_missing(name: str) -> None:
    members = {"specversion": "1.0", "id": "1", "source": "/s", "type": "t", name: None}

    with pytest.raises(InvalidEvent) as caught:
        decode_structured(json.dumps(members).encode(), Limits())

    assert (caught.value.code, caught.value.where) == ("missing-attribute", name)


@pytest.mark.parametrize("name", ["", "Zone", "my_zone", "my-zone", "zöne", "data_base32"])
def test_a_bad_name_is_refused(name: str) -> None:
    error = refusal(f'"{name}":"x"')

    assert error.code == "bad-name"


@pytest.mark.parametrize("value", ["\\u0000", "a\\nb", "\\u007f", "\\u0085", "\\ufffe", "\\ufdd0"])
def test_forbidden_characters_are_found_behind_escapes(value: str) -> None:
    error = refusal(f'"subject":"{value}"')

    assert (error.code, error.where) == ("bad-character", "subject")


def test_a_document_beyond_the_limit_is_too_large() -> None:
    with pytest.raises(TooLarge) as caught:
        decode("", Limits(event_bytes=10))

    assert caught.value.code == "too-large"


def event_of(data: bytes | None, kind: str | None) -> Event:
    attributes = {"specversion": "1.0", "id": "1", "source": "/s", "type": "t"}
    return make_event(attributes | ({"datacontenttype": kind} if kind else {}), data)


@pytest.mark.parametrize(
    ("data", "kind", "member"),
    [
        (b'{ "a":1.0}', "application/json", '"data":{ "a":1.0}'),
        (b"null", "application/x+json", '"data":null'),
        ("é\n".encode(), "text/plain", '"data":"é\\n"'),
        (b"plain", "text/plain; charset=US-ASCII", '"data":"plain"'),
        (b"\xff", "text/plain", '"data_base64":"/w=="'),
        (b"\xe9", "text/plain; charset=latin1", '"data_base64":"6Q=="'),
        (b'{"a":', "application/json", '"data_base64":"eyJhIjo="'),
        (b'{"a":1,"a":1}', "application/json", '"data_base64":'),
        (b"[" * 64 + b"]" * 64, "application/json", '"data_base64":'),
        (b"{}\n", "application/json", '"data_base64":"e30K"'),
        (b"", "application/json", '"data_base64":""'),
        (b"{}", None, '"data_base64":"e30="'),
    ],
)
def test_data_is_written_so_that_the_same_bytes_come_back(
    data: bytes, kind: str | None, member: str
) -> None:
    event = event_of(data, kind)

    text = encode_structured(event)

    assert member in text.decode()
    again = decode_structured(text, Limits())
    assert (again.attributes, again.data) == (event.attributes, data)


def test_an_event_without_data_is_written_without_it() -> None:
    text = encode_structured(event_of(None, None))

    assert json.loads(text) == {"specversion": "1.0", "id": "1", "source": "/s", "type": "t"}


@pytest.mark.parametrize("data", [b'{"a":\n1}', b"[\r1]", b'{"a":1}'])
def test_a_line_has_no_break_in_it_and_keeps_the_data(data: bytes) -> None:
    line = encode_line(event_of(data, "application/json"))

    assert b"\n" not in line
    assert b"\r" not in line
    assert decode_structured(line, Limits()).data == data
