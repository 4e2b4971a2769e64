"""One file is one kind of receiver.

Each has `SEVERITY`, the lowest that is sent unless the target says otherwise; `REPORTS`, whether
weekly reports are sent; `RESENDS`, whether what is open is told again and again; `check(target)`,
which raises `ConfigError`; and `send(message, sending)`, which returns once the receiver has the
message and raises `NotDelivered` else. `send` may be called again with the same `delivery_id`.
"""
