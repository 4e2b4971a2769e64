"""Personal data and secrets are found in text by their form, other text is left alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decayd.masking import mask


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("ann.b+shop@mail.example.org!", "[EMAIL]!"),
        ("ann%40example.org", "[EMAIL]"),
        ("ann\uff20example.org", "[EMAIL]"),
        ("+49 171 1234567", "[PHONE]"),
        ("+1 (555) 123-4567.", "[PHONE]."),
        ("+44 (0)20 7946 0958", "[PHONE]"),
        ("0049-171-1234567", "[PHONE]"),
        ("0171/1234567", "[PHONE]"),
        ("(555) 123-4567 or 555.123.4567", "[PHONE] or [PHONE]"),
        ("5551234567", "[PHONE]"),
        ("4111 1111 1111 1111", "[CARD]"),
        ("378282246310005, 5500-0000-0000-0004", "[CARD], [CARD]"),
        ("order 22 4111 1111 1111 1111 12/27", "order [CARD] 12/27"),
        ("DE89 3704 0044 0532 0130 00 please", "[IBAN] please"),
        ("gb29nwbk60161331926819", "[IBAN]"),
        ("10.0.0.7:8080", "[IP]:8080"),
        ("2001:db8::1 and ::1", "[IP] and [IP]"),
        ("Bearer abc.DEF-123", "Bearer [REDACTED]"),
        ("Basic YWxhZGRpbjpvcGVuc2VzYW1l", "Basic [REDACTED]"),
        ("password = hunter22, then", "password = [REDACTED], then"),
        ("api_key: abcd1234", "api_key: [REDACTED]"),
        ("sk-proj-abc123def456ghi789", "[REDACTED]"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.sig", "[REDACTED]"),
        ("AKIAIOSFODNN7EXAMPLE", "[REDACTED]"),
    ],
)
def test_what_names_a_person_or_opens_a_door_is_masked(text: str, masked: str) -> None:
    assert mask(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "2026-10-01T09:00:00.123+02:00",
        "2026-10-01 09:00:00",
        "01.10.2026",
        "1764711000",
        "1764711000000",
        "0.123456789",
        "812.5 ms, 1,048,576 bytes, 17 of 200",
        "4111 1111 1111 1112",
        "1.2.3.400",
        "09:00:00",
        "std::vector a::b",
        "550e8400-e29b-41d4-a716-446655440000",
        "4bf92f3577b34da6a3ce929d0e0e4736",
        "gpt-4-0125-preview",
        "input_tokens: 120",
        "the basic token is the user's own",
        "where is my order 4711?",
        "a@b",
    ],
)
def test_what_only_looks_alike_stays(text: str) -> None:
    assert mask(text) == text


@given(st.text("aZ9 @.:-+()/[]4111DE89bearer=_\u00e9\u0661", max_size=200) | st.text(max_size=200))
def test_masking_twice_is_masking_once(text: str) -> None:
    once = mask(text)
    assert mask(once) == once


@pytest.mark.parametrize(
    "piece",
    ["a", "1 ", "1", "4111 1111 1111 1112 ", "a@a.", "DE89 ", "sk-", "+1 ", "0 1 ", ":a", "12.12.",
     "bearer ", "token:", "%40"],
)  # fmt: skip
@pytest.mark.timeout(20)
def test_hostile_text_is_masked_in_linear_time(piece: str) -> None:
    assert mask(f"{piece * (200_000 // len(piece))}@")
