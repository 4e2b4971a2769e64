"""Every error that decayd raises on purpose.

DecaydError                 anything below; carries a hint: the command or setting to try
├── UsageError              exit 2: the command line, a file or a model that is not there
│   ├── ConfigError         a setting is unknown, of the wrong type or out of range
│   └── ModelMissing        the embedding model can't be loaded
├── StoreError              exit 2: the DuckDB file can't be used
│   ├── StoreLocked         another process holds it
│   ├── StoreUnavailable    the disk is full or failed; the same call may work later
│   └── SchemaMismatch      it was written by a newer decayd or its migrations were changed
├── DependencyError         exit 3: something outside decayd can't be reached
│   ├── BrokerUnreachable   Kafka does not answer
│   ├── AnotherCollector    a second collector of this group took over
│   └── DaemonUnreachable   the daemon holds the store but its API does not answer
├── DecodeError             one record is bad; it becomes a dead letter and the batch goes on
└── DatasetError            exit 2: a set can't be built or pulled
    ├── DatasetWithdrawn    exit 10
    ├── DatasetCorrupt      exit 11: a checksum does not match
    └── DatasetNotFound     exit 12
"""

from typing import ClassVar


class DecaydError(Exception):
    """Something decayd can't do, said in one sentence, with what to try next."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class UsageError(DecaydError):
    """The command can't be carried out as it was given."""

    exit_code = 2


class ConfigError(UsageError):
    """A setting is unknown, of the wrong type or out of range."""


class ModelMissing(UsageError):
    """The embedding model can't be loaded."""


class StoreError(DecaydError):
    """The store can't be used."""

    exit_code = 2


class StoreLocked(StoreError):
    """Another process holds the DuckDB file."""


class StoreUnavailable(StoreError):
    """The disk is full or has failed; nothing was lost, and the same call may work later."""


class SchemaMismatch(StoreError):
    """The file's schema is newer than this decayd, or a migration was edited."""


class DependencyError(DecaydError):
    """Something outside decayd can't be reached."""

    exit_code = 3


class BrokerUnreachable(DependencyError):
    """Kafka does not answer."""


class AnotherCollector(DependencyError):
    """A second collector with the same group instance id took over."""


class DaemonUnreachable(DependencyError):
    """A daemon holds the store, but its API does not answer."""


class DecodeError(DecaydError):
    """One record is bad.

    Parameters
    ----------
    reason
        One of the short words that dead letters are counted by:
        ``malformed``, ``invalid``, ``kind``, ``oversize``, ``future``, ``conflict``.
    field
        JSON path of the offending field, ``$`` for the whole record.
    message
        What is wrong, for a person.
    """

    def __init__(self, reason: str, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.reason = reason
        self.field = field
        self.message = message


class DatasetError(DecaydError):
    """A training set can't be built or pulled."""

    exit_code = 2


class DatasetWithdrawn(DatasetError):
    """The version was withdrawn; the message names its successor."""

    exit_code = 10


class DatasetCorrupt(DatasetError):
    """A file does not match its checksum."""

    exit_code = 11


class DatasetNotFound(DatasetError):
    """No such set, version or format."""

    exit_code = 12
