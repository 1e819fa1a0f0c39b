"""The count of live calls, and the flag that ends it."""

import pytest

from calls import draining


def test_a_draining_process_admits_no_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draining, "draining", False)
    monkeypatch.setattr(draining, "live_calls", 0)
    assert draining.admit()
    draining.start()
    assert not draining.admit()
    assert draining.live_calls == 1
    draining.release()
    assert draining.live_calls == 0
