"""The token that opens a media stream: one call's, and not for ever."""

import time

import pytest

from calls import stream_tokens


def test_a_streams_token_is_good_for_its_own_call_alone() -> None:
    token = stream_tokens.make(verification_id=3, call_id=7)
    assert stream_tokens.is_valid(token, verification_id=3, call_id=7)
    assert not stream_tokens.is_valid(token, verification_id=3, call_id=8)
    assert not stream_tokens.is_valid(token, verification_id=4, call_id=7)
    assert not stream_tokens.is_valid(token[:-1], verification_id=3, call_id=7)
    assert not stream_tokens.is_valid("", verification_id=3, call_id=7)


def test_a_streams_token_is_not_valid_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    made_at = time.time()
    token = stream_tokens.make(verification_id=3, call_id=7)
    monkeypatch.setattr(time, "time", lambda: made_at + 7190)
    assert stream_tokens.is_valid(token, verification_id=3, call_id=7)
    monkeypatch.setattr(time, "time", lambda: made_at + 7210)
    assert not stream_tokens.is_valid(token, verification_id=3, call_id=7)
