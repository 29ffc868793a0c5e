"""Dates and spans of time as texts have them, whether they are those of Python, of numpy or of pandas.

A date without a time zone is one of the local zone, as everywhere in Python. Dates are exact to the millisecond, spans to the
microsecond: what is finer is dropped.
"""

import datetime

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)

_too_fine = {"ns", "ps", "fs", "as"}


def millis_of(date):
    """The milliseconds since 1970, or None if they cannot be known."""
    try:
        # Methods of pandas have the names of those of Python, and take other arguments.
        plain = date.to_pydatetime(warn=False) if hasattr(date, "to_pydatetime") else date
        moment = plain if plain.tzinfo is not None else plain.astimezone()
        return (moment - EPOCH) // datetime.timedelta(milliseconds=1)
    except (OverflowError, ValueError):
        return None


def duration(span):
    """A span as ISO 8601 writes it, with its sign before it."""
    # The parts, since a span of pandas counts in nanoseconds.
    micros = (span.days * 86_400 + span.seconds) * 1_000_000 + span.microseconds
    seconds, rest = divmod(abs(micros), 1_000_000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    fraction = f".{rest:06d}".rstrip("0") if rest > 0 else ""
    return f"{'-' if micros < 0 else ''}P{days}DT{hours}H{minutes}M{seconds}{fraction}S"


def is_kind_of_date(dtype):
    """Whether values of a type of numpy are dates or spans."""
    return dtype.kind in "Mm"


def from_numpy(numpy, value):
    """The date or span of Python that a scalar of numpy stands for; None for one that is none, a number if there is no such."""
    unit, _ = numpy.datetime_data(value.dtype)
    return (value.astype(f"{value.dtype.kind}8[us]") if unit in _too_fine else value).item()
