"""Settings that workers read from the environment."""

from __future__ import annotations

import pytest

from service.settings import ApiSettings
from workers.contract.queue_names import QueueName
from workers.contract.settings import Settings


@pytest.mark.parametrize("kind", [Settings, ApiSettings])
def test_a_worker_takes_the_named_queues_in_their_order(monkeypatch: pytest.MonkeyPatch, kind: type[Settings]) -> None:
    monkeypatch.delenv("PORTRAIT_QUEUES", raising=False)
    assert kind().queues == (QueueName.INTERACTIVE, QueueName.BATCH)
    monkeypatch.setenv("PORTRAIT_QUEUES", "interactive")
    assert kind().queues == (QueueName.INTERACTIVE,)
    monkeypatch.setenv("PORTRAIT_QUEUES", "batch, interactive")
    assert kind().queues == (QueueName.BATCH, QueueName.INTERACTIVE)


@pytest.mark.parametrize(("wrong", "message"), [("fast", "'interactive' or 'batch'"), ("", "at least 1 item")])
def test_a_queue_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, wrong: str, message: str) -> None:
    monkeypatch.setenv("PORTRAIT_QUEUES", wrong)
    with pytest.raises(ValueError, match=message):
        Settings()
