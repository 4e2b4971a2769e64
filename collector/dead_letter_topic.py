"""Sends bad records, as they came, to ``<topic>.dlq``: the one module that writes to Kafka.

The store is the truth: a record is in `dead_letters` before it is sent, and a mark in the store
says up to which dead letter that was tried. After a crash in between the rest is read again from
its own topic and sent, so every one is sent at least once, if the broker takes it. One that it does
not take is counted and stays in `dead_letters`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from kafka import KafkaProducer
from kafka.errors import KafkaError
from kafka.net.compat import KafkaNetClient

from collector.kafka_client import connection, read_one
from decayd import log
from decayd.clock import Clock
from decayd.config import KafkaSettings
from decayd.errors import DecaydError, StoreError
from decayd.metrics import Metrics
from store.batch import Batch
from store.database import Store

_log = log.get("dead_letter_topic")
_MARK = "dead_letter_topic_until"
_SUFFIX = ".dlq"
_BLOCK_MS = 3_000  # for a topic that is not there; far below kafka.max_poll_interval_s
_DELIVERY_S = 10.0  # for all records of a batch, tries again included
_PAUSE_S = 30.0  # how long a topic that refused one is left alone: a storm must not be slowed
_MAX_BYTES = 64 * 2**20  # the broker's own limit decides
_MAX_READ_AGAIN = 200  # after a crash; each costs a connection

Place = tuple[str, int, int]


class Original(msgspec.Struct, frozen=True):
    """A record as it came."""

    key: bytes | None
    value: bytes


class DeadLetterTopic:
    """The producer of one collector; nothing that goes wrong here stops the collecting.

    Parameters
    ----------
    store
        Holds the dead letters and the mark. Those from before it was switched on are not sent.
    settings, clock, metrics
        The broker and the topics that are read; time between tries; where failures are counted.
    """

    def __init__(
        self, store: Store, settings: KafkaSettings, clock: Clock, metrics: Metrics
    ) -> None:
        self._store = store
        self._settings = settings
        self._clock = clock
        self._metrics = metrics
        self._producer: Any = None
        self._failing = False
        self._trouble = ""
        self._next_try: dict[str, float] = {}  # of topics that refused some
        if store.info(_MARK) is None:
            store.set_info(**{_MARK: str(store.scalar("dead_letter_last_id"))})

    def forward(self, batch: Batch) -> None:
        """Send the dead letters that were stored since the last call, those of `batch` among them.

        Returns once the broker has taken them, within seconds in any case.
        """
        try:
            after = int(self._store.info(_MARK) or 0)
            letters = self._store.rows(
                "dead_letters_after", dead_letter_id=after, topics=list(self._settings.topics)
            )
            if letters:
                self._send(letters, _originals(batch))
                self._store.set_info(**{_MARK: str(letters[-1]["dead_letter_id"])})
        except StoreError as error:  # they are sent again with the next batch
            _log.warning("which bad records were sent can't be noted", error=str(error))

    def close(self) -> None:
        """End the producer; calling it twice changes nothing."""
        if self._producer is not None:
            self._producer.close(timeout=_BLOCK_MS / 1000)
        self._producer = None

    def _send(self, letters: Sequence[dict[str, Any]], originals: Mapping[Place, Original]) -> None:
        sent: list[tuple[str, Any]] = []
        try:
            sent = self._hand_over(letters, originals)
            if sent:
                self._producer.flush(timeout=_DELIVERY_S)
        except Exception as error:  # noqa: BLE001 - whatever the client raises, collecting goes on
            self._trouble = f"{type(error).__name__}: {error}"
        for topic, future in sent:
            if not future.succeeded():
                self._refused(topic, future.exception or TimeoutError("no answer in time"))
        n_lost = len(letters) - sum(future.succeeded() for _, future in sent)
        self._metrics.dlq_failures.inc(n_lost)
        if n_lost and not self._failing:
            _log.warning("bad records are not taken by their topic", n=n_lost, reason=self._trouble)
        elif self._failing and not n_lost:
            _log.info("bad records are taken by their topic again")
        self._failing = n_lost > 0

    def _hand_over(
        self, letters: Sequence[dict[str, Any]], originals: Mapping[Place, Original]
    ) -> list[tuple[str, Any]]:
        """Queue letters for sending, but those of a topic that has just refused some."""
        sent: list[tuple[str, Any]] = []
        n_read = 0
        for letter in letters:
            topic = letter["topic"]
            if self._clock.monotonic() < self._next_try.get(topic, 0.0):
                continue
            original = originals.get(_place(letter))
            if original is None and n_read < _MAX_READ_AGAIN:
                n_read += 1
                original = self._read_again(_place(letter))
            if original is not None:
                try:
                    sent.append((topic, self._queue(letter, original)))
                except (KafkaError, DecaydError, OSError, ValueError) as error:
                    self._refused(topic, error)
        return sent

    def _refused(self, topic: str, error: BaseException) -> None:
        self._trouble = f"{topic}{_SUFFIX}: {type(error).__name__}: {error}"
        self._next_try[topic] = self._clock.monotonic() + _PAUSE_S

    def _read_again(self, place: Place) -> Original | None:
        try:
            record = read_one(self._settings, *place)
        except DecaydError as error:
            self._trouble = str(error)
            return None
        return Original(record.key, record.value or b"")

    def _queue(self, letter: dict[str, Any], original: Original) -> Any:
        if self._producer is None:
            self._producer = _connect(self._settings)
        names = ("reason", "field", "topic", "partition", "offset")
        headers = [(f"decayd.{name}", str(letter[name]).encode()) for name in names]
        return self._producer.send(
            f"{letter['topic']}{_SUFFIX}", original.value, key=original.key, headers=headers
        )


def _originals(batch: Batch) -> dict[Place, Original]:
    """Return the records of a batch that may have given dead letters, by their places."""
    found = {
        (record.topic, record.partition, record.offset): Original(record.key, record.value)
        for rows in batch.rows.values()
        for record in rows.sent
        if record is not None and record.value is not None
    }
    return found | {
        (letter.topic, letter.partition, letter.offset): Original(letter.key, letter.value)
        for letter in batch.dead_letters
    }


def _connect(settings: KafkaSettings) -> Any:
    """Connect; where that fails, end what the client has begun: it leaves a thread behind."""
    begun: list[KafkaNetClient] = []

    def begin(**options: Any) -> KafkaNetClient:
        begun.append(KafkaNetClient(**options))
        return begun[-1]

    try:
        return KafkaProducer(
            kafka_client=begin,
            acks="all",
            max_block_ms=_BLOCK_MS,
            request_timeout_ms=int(_DELIVERY_S * 500),
            delivery_timeout_ms=int(_DELIVERY_S * 1000),
            max_request_size=_MAX_BYTES,
            **connection(settings),
        )
    except BaseException:
        for client in begun:
            client.close()
        raise


def _place(letter: Mapping[str, Any]) -> Place:
    return letter["topic"], letter["partition"], letter["offset"]
