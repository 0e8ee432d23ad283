"""Failures alike share a fingerprint; failures that differ in kind do not."""

from triggers.fingerprint import dead_letter_id, fingerprint, normalise


def test_numbers_ids_addresses_and_quoted_values_do_not_matter() -> None:
    one = normalise("cannot connect to 10.0.0.7:8080 for '4711' after 3 tries, id 5f3ac9d01b22")
    other = normalise("cannot connect to 10.9.1.2:80 for 'abc' after 12 tries, id 9e8d7c6b5a41")

    assert one == other
    assert one == "cannot connect to <address> for <quoted> after <number> tries, id <hex>"


def test_the_status_that_was_answered_stays() -> None:
    assert normalise("the sink answered 422: bed 7") == "the sink answered 422: bed <number>"
    assert normalise("the model answered 500") == "the model answered 500"
    assert normalise("it answered 422 times") == "it answered <number> times"


def test_words_that_look_like_hex_stay() -> None:
    assert normalise("defaced facade") == "defaced facade"


def test_the_fingerprint_tells_trigger_sink_class_status_and_pattern_apart() -> None:
    base = ("default/a", "http://x", "transient", 500, "p")
    others = [
        ("default/b", "http://x", "transient", 500, "p"),
        ("default/a", "http://y", "transient", 500, "p"),
        ("default/a", "http://x", "suspect", 500, "p"),
        ("default/a", "http://x", "transient", None, "p"),
        ("default/a", "http://x", "transient", 500, "q"),
    ]

    assert len({fingerprint(*one) for one in [base, *others]}) == 6
    assert fingerprint(*base) == fingerprint(*base)


def test_a_dead_letter_keeps_its_id_over_redrives() -> None:
    assert dead_letter_id("ab/default/t/7") == dead_letter_id("ab/default/t/7")
    assert dead_letter_id("ab/default/t/7") != dead_letter_id("ab/default/t/8")


def test_an_endless_message_is_cut_before_it_is_matched() -> None:
    assert len(normalise('"' * 1_000_000)) <= 4000
