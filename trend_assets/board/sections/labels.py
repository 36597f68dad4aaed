"""Labelling: one post at a time, its text and a button for each label.

What belongs here: the page. What doesn't: which posts are asked about (``trend_assets/monitoring/queue.py``), how an answer is kept
(``trend_assets/monitoring/labels.py``).

Posts are written by strangers: their text reaches the page through ``markup`` only.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import streamlit as st

from trend_assets.board import cache, look
from trend_assets.board.markup import element
from trend_assets.board.view import heading, language, notice, quiet, say, show
from trend_assets.board.words import TEXTS, moment
from trend_assets.lake.lake import Lake
from trend_assets.lake.storage import ConflictError
from trend_assets.lib.learning.agreement import in_words
from trend_assets.lib.learning.discovery import tasks
from trend_assets.lib.quality.audit import AuditError
from trend_assets.monitoring import labels as kept
from trend_assets.monitoring.label_files import queue_with_text
from trend_assets.tables import TABLES
from trend_assets.tables.models import TASKS

_SKIPPED = "labels_skipped"


def page() -> None:
    """A question, a post, its answers; then how far people agree."""
    about = {name: task for name, task in tasks().items() if name in TASKS}
    waiting = {name for name in about if cache.ask_lake(_waiting, name)}
    about = dict(sorted(about.items(), key=lambda one: one[0] not in waiting))  # what there is something to label for comes first
    name = st.selectbox(say("labels_task"), list(about), format_func=lambda one: f"{one}: {about[one].description}", key="label_task")
    if name is None:
        heading(say("labels_none"))
        return
    st.text_input(say("labels_name"), value=str(st.session_state.get("who", "")), key="labeller", max_chars=kept.MOST_NAME_CHARACTERS)
    queue = cache.ask_lake(_queue, name)
    rows = kept.read(cache.lake(), name)
    if not queue:
        heading(say("labels_none"))
        quiet(say("labels_none_help", task=name))
    else:
        _one(name, queue, _said_by(rows, _who()), about[name].labels)
    _agreement(rows)


def _waiting(lake: Lake, name: str) -> int:
    found = lake.manifest(TABLES[f"{name}/label_queue"], "all")
    return found.rows if found else 0


def _queue(lake: Lake, name: str) -> list[dict[str, Any]]:
    return queue_with_text(lake, name)


def _who() -> str:
    return " ".join(str(st.session_state.get("labeller", "")).split())[: kept.MOST_NAME_CHARACTERS]


def _said_by(rows: Any, who: str) -> set[tuple[str, str]]:
    return {
        (row["network"], row["post_id"]) for row in rows.select(["network", "post_id", "labeller"]).to_pylist() if row["labeller"] == who
    }


def _one(name: str, queue: list[dict[str, Any]], said: set[tuple[str, str]], labels: tuple[str, ...]) -> None:
    skipped = st.session_state.setdefault(_SKIPPED, {}).setdefault(name, [])
    seen = said | set(skipped)
    left = [row for row in queue if (row["network"], row["post_id"]) not in seen]
    done = sum((row["network"], row["post_id"]) in said for row in queue)
    if not left:
        heading(say("labels_all_done"))
        quiet(say("labels_none_help", task=name))
        return
    post = left[0]
    heading(say("labels_heading"))
    quiet(say("labels_left", number=len(queue) - len(left) + 1, count=len(queue), done=done))
    about = f"{post['network']} · {post['language']} · {moment(language(), post['created_at'])}"
    show(look.block(element("div", element("p", post["text"]), element("p", about, class_="quiet"), class_="post")))
    unnamed = not _who()
    if unnamed:
        notice(say("labels_name"))
    key = f"{name}-{post['item']}"
    with st.container(horizontal=True, gap="small"):
        for label in labels:
            st.button(_word(label), key=f"label-{key}-{label}", type="primary", disabled=unnamed, on_click=_give, args=(name, post, label))
        st.button(say("labels_skip"), key=f"skip-{key}", disabled=unnamed, on_click=_skip, args=(name, post))
    quiet(say("labels_privacy"))


def _word(label: str) -> str:
    """A label in the board's language where it has a word for it."""
    return say(f"label_{label}") if f"label_{label}" in TEXTS else label.replace("_", " ")


def _give(name: str, post: dict[str, Any], label: str) -> None:
    try:
        kept.add(cache.lake(), name, [kept.Answer(post, label)], _who(), "board", datetime.now(UTC))
    except (AuditError, ConflictError, ValueError, OSError) as error:
        st.session_state["failure"] = say("labels_failed", reason=str(error))


def _skip(name: str, post: dict[str, Any]) -> None:
    st.session_state.setdefault(_SKIPPED, {}).setdefault(name, []).append((post["network"], post["post_id"]))


def _agreement(rows: Any) -> None:
    heading(say("labels_agreement"), "h4")
    quiet(say("labels_given", count=rows.num_rows, version=kept.version_of(rows)))
    if rows.num_rows:
        show(look.block(look.bullets([f"{key}: {in_words(found)}" for key, found in kept.agreement_of(rows).items()])))
