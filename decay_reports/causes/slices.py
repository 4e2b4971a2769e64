"""Every slice of a feature's requests by up to three traits, and how its change differs."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from decay_reports.causes.traits import Trait
from decay_reports.figures.clusters import sums
from decay_reports.figures.frame import Bools, Floats, Ints

_MAX_TRAITS = 3
_PERIODS = 2


@dataclass(frozen=True)
class Rows:
    """The requests of two periods as one array ``(n,)`` each; `now` tells the second period's.

    Traits with the label "" do not state theirs and are in no slice of that trait.
    """

    user: Ints
    now: Ints
    psi: Floats
    labelled: Bools
    traits: tuple[Trait, ...]

    def take(self, chosen: Bools) -> "Rows":
        """Return these rows alone; codes stay."""
        kept = tuple(trait.of(chosen) for trait in self.traits)
        return Rows(
            self.user[chosen], self.now[chosen], self.psi[chosen], self.labelled[chosen], kept
        )


@dataclass(frozen=True)
class Slice:
    """One slice, `codes` of `traits` (both index into `Rows.traits` and its labels).

    `n` holds its requests in both periods, `rate` its success, `difference` what it changed by
    minus what the rest changed by, with its clustered standard error.
    """

    traits: tuple[int, ...]
    codes: tuple[int, ...]
    n: tuple[int, int]
    rate: tuple[float, float]
    difference: float
    se: float
    n_labels: int

    @property
    def name(self) -> tuple[tuple[int, int], ...]:
        """Return what the slice is called by."""
        return tuple(zip(self.traits, self.codes, strict=True))


@dataclass(frozen=True)
class Least:
    """How many requests and labels a slice and its rest need in each period."""

    n: int
    labels: int


def slices(rows: Rows, least: Least) -> list[Slice]:
    """Compare every slice by 1 to 3 traits with the rest of the requests.

    The variance takes the requests of one user together, those of both periods and those inside
    and outside the slice. O(n log n) for each combination of traits.
    """
    whole = _Whole.of(rows)
    indices = range(len(rows.traits))
    return [
        found
        for size in range(1, _MAX_TRAITS + 1)
        for chosen in combinations(indices, size)
        for found in _of_traits(rows, whole, chosen, least)
    ]


@dataclass(frozen=True)
class _Whole:
    """Sums over all rows: `users` ``(u, 4)`` psi and requests before, psi and requests now."""

    users: Floats
    gram: Floats
    n_users: int

    @classmethod
    def of(cls, rows: Rows) -> "_Whole":
        n_users = 1 + int(rows.user.max(initial=0))
        users = _four(rows.user, rows.now, rows.psi, n_users)
        return cls(users, users.T @ users, n_users)


def _four(code: Ints, now: Ints, psi: Floats, n_codes: int) -> Floats:
    """Return psi and requests before, psi and requests now, per code, ``(n_codes, 4)``."""
    split = code * _PERIODS + now
    n = sums(split, np.ones(len(split)), n_codes * _PERIODS).reshape(n_codes, _PERIODS)
    total = sums(split, psi, n_codes * _PERIODS).reshape(n_codes, _PERIODS)
    return np.column_stack([total[:, 0], n[:, 0], total[:, 1], n[:, 1]])


def _of_traits(rows: Rows, whole: _Whole, chosen: tuple[int, ...], least: Least) -> list[Slice]:
    code, stated = _codes(rows, chosen)
    n_codes = 1 + int(code.max(initial=0))
    n = _periods(code, rows.now, stated, n_codes)
    labels = _periods(code, rows.now, stated & rows.labelled, n_codes)
    total = np.array([(rows.now == 0).sum(), (rows.now == 1).sum()])
    all_labels = np.array([(rows.labelled & (rows.now == k)).sum() for k in (0, 1)])
    enough = (n >= least.n) & (total - n >= least.n) & (labels >= least.labels)
    enough &= all_labels - labels >= least.labels
    big = np.flatnonzero(enough.all(axis=1))
    if not len(big):
        return []
    position = np.full(n_codes, -1)
    position[big] = np.arange(len(big))
    inside = np.flatnonzero(stated & (position[code] >= 0))
    tested = position[code[inside]]
    own = _four(tested, rows.now[inside], rows.psi[inside], len(big))
    at, rest_at, rates, rest_rates = _weights(own, whole.users.sum(axis=0))
    se = _errors(rows, whole, (inside, tested), (at, rest_at))
    change = (rates[:, 1] - rates[:, 0]) - (rest_rates[:, 1] - rest_rates[:, 0])
    return [
        Slice(
            chosen, _unmixed(rows, chosen, int(big[k])), (int(own[k, 1]), int(own[k, 3])),
            (float(rates[k, 0]), float(rates[k, 1])), float(change[k]), float(se[k]),
            int(labels[big[k]].min()),
        )
        for k in range(len(big))
    ]  # fmt: skip


def _codes(rows: Rows, chosen: tuple[int, ...]) -> tuple[Ints, Bools]:
    code, stated = np.zeros(len(rows.user), np.int64), np.ones(len(rows.user), bool)
    for index in chosen:
        trait = rows.traits[index]
        code = code * len(trait.labels) + trait.code
        silent = [k for k, label in enumerate(trait.labels) if not label]
        for k in silent:
            stated &= trait.code != k
    return code, stated


def _unmixed(rows: Rows, chosen: tuple[int, ...], code: int) -> tuple[int, ...]:
    codes = []
    for index in reversed(chosen):
        code, one = divmod(code, len(rows.traits[index].labels))
        codes.append(one)
    return tuple(reversed(codes))


def _periods(code: Ints, now: Ints, chosen: Bools, n_codes: int) -> Ints:
    split = code[chosen] * _PERIODS + now[chosen]
    return np.bincount(split, minlength=n_codes * _PERIODS).reshape(n_codes, _PERIODS)


def _weights(own: Floats, every: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Return what a user's four sums weigh in a slice's change and in its rest's, and all rates."""
    (at, rates), (rest_at, rest_rates) = (_weight(four) for four in (own, every - own))
    return at, rest_at, rates, rest_rates


def _weight(four: Floats) -> tuple[Floats, Floats]:
    rates = np.column_stack([four[:, 0] / four[:, 1], four[:, 2] / four[:, 3]])
    before, now = 1.0 / four[:, 1], 1.0 / four[:, 3]
    weights = np.column_stack([-before, rates[:, 0] * before, now, -rates[:, 1] * now])
    return weights, rates


def _errors(
    rows: Rows, whole: _Whole, inside: tuple[Ints, Ints], weights: tuple[Floats, Floats]
) -> Floats:
    """Return each slice's clustered standard error of its change minus the rest's.

    A user adds (own . inside sums − rest . outside sums); users wholly outside, the most, are
    summed up at once by the Gram matrix of all users' sums.
    """
    at, tested = inside
    own, rest = weights
    pairs, pair = np.unique(tested * whole.n_users + rows.user[at], return_inverse=True)
    which, user = pairs // whole.n_users, pairs % whole.n_users
    sums_of_pair = _four(pair, rows.now[at], rows.psi[at], len(pairs))
    inner = np.einsum("pj,pj->p", (own + rest)[which], sums_of_pair)
    outer = np.einsum("pj,pj->p", rest[which], whole.users[user])
    variance = np.einsum("sj,jk,sk->s", rest, whole.gram, rest)
    variance += sums(which, inner * (inner - 2.0 * outer), len(rest))
    return np.asarray(np.sqrt(np.maximum(variance, 0.0)), float)
