"""Commands about topics and baselines: list, show, rename, merge, refit, accept."""

from typing import Annotated, Any, Literal

import typer

from decayd.cli.base import Json, columns, emit, plain, state

topics_app = typer.Typer(help="Topics of the features' queries.")
baseline_app = typer.Typer(help="What a feature is held against.")
Feature = Annotated[str, typer.Option(help="Only this feature.")]
TopicId = Annotated[str, typer.Argument(help="Such as t3 or n1; see `topics list`.")]
Author = Annotated[str, typer.Option(help="Who says so; kept for ever.")]
Reason = Annotated[str, typer.Option(help="Why; kept for ever.")]
AsOf = Annotated[str | None, typer.Option(help="As known at this time (UTC).")]
Weeks = Annotated[str, typer.Option(help="Mondays, such as 2026-10-05..2026-10-26.")]
Preview = Annotated[bool, typer.Option("--preview", help="Only say what would change.")]
BaselineKind = Literal["success", "topics", "satisfaction", "friction"]
_LIST = ["feature", "topic_id", "state", "now", "before", "n", "success", "rest", "evals",
         "alarms", "first_week", "label"]  # fmt: skip


@topics_app.command("list")
def topics_list(
    context: typer.Context, feature: Feature = "", as_of: AsOf = None, as_json: Json = False
) -> None:
    """List topics with their shares, success, alarms and how eval sets cover them.

    Shares are of the newest closed week and of the baseline, one vote a person. `evals` is how
    much of what was asked is near a registered eval item.

    Example: decayd topics list --feature returns_bot
    """
    found = state(context).call("topics", feature=feature, as_of=as_of)
    text = columns([_line(row) for row in found], _LIST, empty="no topics yet")
    models = sorted({plain(topic["model_id"]) for topic in found if not topic["calibrated"]})
    text += "".join(f"\n{model} is uncalibrated: see decayd calibrate" for model in models)
    emit(found, as_json=as_json, text=text)


@topics_app.command("show")
def topics_show(
    context: typer.Context,
    topic_id: TopicId,
    feature: Feature = "",
    as_of: AsOf = None,
    requests: Annotated[
        int, typer.Option(min=0, max=100_000, help="List so many of its newest requests.")
    ] = 0,
    as_json: Json = False,
) -> None:
    """Show one topic: words, examples, weeks, versions, edits, findings.

    Example: decayd topics show n1 --feature returns_bot
    """
    found = state(context).call(
        "topic", topic_id=topic_id, feature=feature, as_of=as_of, requests=requests
    )
    emit(found, as_json=as_json, text="\n\n".join(_card(card) for card in found))


@topics_app.command("rename")
def topics_rename(
    context: typer.Context,
    topic_id: TopicId,
    label: str,
    author: Author,
    reason: Reason,
    feature: Feature = "",
    as_json: Json = False,
) -> None:
    """Give a topic another label; its id stays.

    Example: decayd topics rename n1 "lost parcels" --author ann --reason "as support calls them"
    """
    found = state(context).call(
        "topic_rename",
        topic_id=topic_id, label=label, author=author, reason=reason, feature=feature,
    )  # fmt: skip
    text = f"{found['topic_id']} is called “{plain(found['value'])}” ({found['edit_id']})"
    emit(found, as_json=as_json, text=text)


@topics_app.command("merge")
def topics_merge(
    context: typer.Context,
    from_id: Annotated[str, typer.Argument(help="The topic that counts no longer by itself.")],
    into_id: Annotated[str, typer.Argument(help="The topic that it becomes a part of.")],
    author: Author,
    reason: Reason,
    feature: Feature = "",
    as_json: Json = False,
) -> None:
    """Let a topic count for another one, in everything that is read from now on.

    A topic that emerged may become a part of one of the baseline, which says that it is nothing
    new; not the other way round.

    Example: decayd topics merge n3 n1 --author ann --reason "the same question"
    """
    found = state(context).call(
        "topic_merge",
        from_id=from_id, into_id=into_id, author=author, reason=reason, feature=feature,
    )  # fmt: skip
    count = found["details"]["n_requests"]
    text = f"{found['topic_id']} counts for {found['value']} now: {count:,} requests"
    emit(found, as_json=as_json, text=f"{text} ({found['edit_id']})")


@topics_app.command("refit")
def topics_refit(
    context: typer.Context,
    author: Author,
    reason: Reason,
    feature: Annotated[str, typer.Option(help="The feature whose topics are made anew.")],
    weeks: Weeks = "",
    preview: Preview = False,
    as_json: Json = False,
) -> None:
    """Make a feature's frozen topics anew from four weeks, the newest ones by default.

    The new ids carry the version, such as t1@v2; the map from old to new topics is kept.

    Example: decayd topics refit --feature returns_bot --author ann --reason "a new product"
    """
    found = state(context).call(
        "topics_refit",
        feature=feature, author=author, reason=reason, weeks=weeks, preview=preview,
    )  # fmt: skip
    emit(found, as_json=as_json, text=_refit(found))


@baseline_app.command("accept")
def baseline_accept(
    context: typer.Context,
    kind: Annotated[BaselineKind, typer.Option(help="Which baseline.")],
    weeks: Weeks,
    author: Author,
    reason: Reason,
    feature: Annotated[str, typer.Option(help="The feature that is held against it.")],
    preview: Preview = False,
    as_json: Json = False,
) -> None:
    """Hold a feature against other weeks from now on; see first with --preview.

    Example: decayd baseline accept --kind success --weeks 2026-10-05..2026-10-26
    --feature returns_bot --author ann --reason "new pricing"
    """
    asked = {"feature": feature, "kind": kind, "weeks": weeks}
    if preview:
        found = state(context).call("baseline_preview", **asked)
    else:
        found = state(context).call("baseline_accept", **asked, author=author, reason=reason)
    emit(found, as_json=as_json, text=_accepted(found))


def _line(row: dict[str, Any]) -> dict[str, Any]:
    into = f" into {row['merged_into']}" if row["merged_into"] else ""
    return {
        **row,
        "state": f"{row['state']}{into}",
        "now": share(row["now"], 1),
        "before": share(row["before"], 1),
        "n": row["now"]["n"] or None,
        "success": share(row["success"]),
        "rest": share(row["rest"]),
        "evals": share(row["coverage"]),
        "alarms": ", ".join(f"{name}: {said}" for name, said in row["channels"].items()) or None,
    }


def _card(card: dict[str, Any]) -> str:
    row = card["topic"]
    said = _line(row)
    lines = [f"{plain(row['feature'])} {row['topic_id']}: {plain(row['label'])}"]
    lines += [f"  {plain(example)}" for example in row["examples"]]
    lines += [f"words: {plain(' '.join(row['words']))}"]
    lines += [f"{name}: {plain(said[name])}" for name in _LIST[2:11]]
    lines += [f"requests: {card['n_requests']:,}", *(f"  {plain(i)}" for i in card["requests"])]
    for title, rows in (
        ("weeks", [week | {"share": share(week["share"], 1)} for week in card["weeks"]]),
        ("versions", card["versions"]),
        ("edits", card["edits"]),
        (
            "old and new topics",
            [one for e in card["edits"] for one in e["details"].get("best", [])],
        ),
        ("findings", card["findings"]),
    ):
        if rows:
            names = [name for name in rows[0] if name != "details"]
            lines += ["", title, columns(rows, names, empty="")]
    return "\n".join([*lines, "", *(plain(command) for command in card["commands"])])


def _refit(found: dict[str, Any]) -> str:
    details = found["details"]
    done = "would become" if found["edit_id"] is None else "are now"
    head = (
        f"the topics of {plain(found['feature'])} {done} version {details['version']}:"
        f" {details['n_topics']} topics from {details['n_votes']:,} votes of"
        f" {details['weeks'][0]} to {details['weeks'][-1]}"
    )
    best = [each | {"share": f"{100 * each['share']:.0f}%"} for each in details["best"]]
    names = ["old", "label", "n", "new", "now", "share"]
    covered = [f"{old} is a part of {new} now" for old, new in details["covered"].items()]
    return "\n".join([head, "", columns(best, names, empty="no votes"), *covered])


def _accepted(found: dict[str, Any]) -> str:
    done = "is" if found["accepted"] else "would be"
    before, now = found["before"], found["now"]
    feature = plain(found["feature"])
    span = f"{now['weeks'][0]} to {now['weeks'][-1]}"
    what = f"the {found['kind']} baseline of {feature}"
    lines = [f"{what} {done} version {found['version']}: {span}"]
    if before:
        lines.append(f"before: {before['weeks'][0]} to {before['weeks'][-1]}")
    if (kind := found["kind"]) != "topics":
        was = share(before[kind]) if before else "none"
        return "\n".join([*lines, f"{kind}: {share(now[kind])}, before {was}"])
    shares = [
        each | {key: f"{100 * each[key]:.1f}%" for key in ("share_before", "share")}
        for each in found["topics"]
    ]
    names = ["topic_id", "share_before", "share", "label"]
    return "\n".join([*lines, "", columns(shares, names, empty="")])


def share(estimate: dict[str, Any], digits: int = 0) -> str:
    """Print a share with its 95 % interval, or that it was not measured.

    >>> share({"value": 0.25, "low": 0.2, "high": 1.1})
    '25% (20–100)'
    """
    value = estimate["value"]
    if value is None:
        return "-"
    low, high = (100 * min(1.0, max(0.0, estimate[name])) for name in ("low", "high"))
    return f"{100 * value:.{digits}f}% ({low:.{digits}f}–{high:.{digits}f})"
