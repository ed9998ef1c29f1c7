"""Sessions: whole, private, without secrets; a file that is not ours is told of and left alone."""

from __future__ import annotations

import json
import multiprocessing
import os
import stat
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from assistant.core.errors import UsageError
from assistant.machine import sessions
from assistant.machine.sessions import (
    KEPT,
    LARGEST,
    Keeper,
    Session,
    export_markdown,
    list_sessions,
    load_session,
    new_session,
    save_session,
    sessions_folder,
)

NOON = datetime(2026, 11, 25, 10, 43, 7, tzinfo=timezone.utc)
KEY = "sk-proj-" + "Ab3dE6gH9" * 5


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state" / "oumi-chat" / "sessions"


def talked(*said: str, tail: str = "7f3a", now: datetime = NOON) -> Session:
    session = new_session(now, tail=tail)
    for number, text in enumerate(said):
        session = session.with_turn("assistant" if number % 2 else "user", text)
    return replace(session, document={"intent": {"model": "Qwen/Qwen3-8B", "lora_rank": 16}, "before": [{"words": list(said)}]})


def file(folder: Path, session: Session) -> Path:
    return folder / f"{session.id}.json"


def test_ids_are_short_and_sort_by_time() -> None:
    assert new_session(NOON, tail="7f3a").id == "20261125-1043-7f3a"
    assert new_session(NOON.astimezone(timezone(timedelta(hours=9))), tail="7f3a") == new_session(NOON, tail="7f3a")
    assert new_session(NOON).id < new_session(NOON + timedelta(minutes=1)).id
    assert len({new_session(NOON).id for _ in range(20)}) > 10


def test_what_is_saved_comes_back(folder: Path) -> None:
    session = talked("lora qwen3 8b", "  LoRA · Qwen3 8B\n  fits", "“schräg” \U0001f600 \\ \" \u202e")
    assert save_session(session, folder) == session
    assert load_session(None, folder) == session
    assert load_session(session.id, folder) == session
    assert load_session("20261125-10", folder) == session
    assert load_session("2", folder) == session


def test_only_the_owner_can_read_them(folder: Path) -> None:
    folder.mkdir(parents=True, mode=0o755)
    session = save_session(talked("hello"), folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(file(folder, session).stat().st_mode) == 0o600
    assert [path.name for path in folder.iterdir()] == [f"{session.id}.json"]


def test_no_secret_is_written(folder: Path) -> None:
    session = talked(f"use {KEY}", "my own word is swordfish-7", "token in the document")
    session = replace(session, document={"words": [KEY], "api_key": "plain-one", "deep": [{"x": "swordfish-7"}], KEY: 1})
    save_session(session, folder, secrets=["swordfish-7"])
    text = file(folder, session).read_text("utf-8")
    assert not any(word in text for word in (KEY, KEY[8:20], "swordfish-7", "plain-one"))
    markdown = export_markdown(session, secrets=["swordfish-7"])
    assert "[redacted]" in markdown
    assert KEY not in markdown
    assert "swordfish-7" not in markdown


def test_a_conversation_is_saved_again_and_again(folder: Path) -> None:
    session = talked(f"use {KEY}")
    for number in range(5):
        session = save_session(session.with_turn("user", f"turn {number}"), folder)
    assert len(list(folder.iterdir())) == 1
    again = load_session(None, folder)
    assert save_session(again.with_turn("user", "resumed"), folder).id == session.id
    assert len(load_session(None, folder).turns) == len(session.turns) + 1


def test_two_chats_with_one_id_both_keep_theirs(folder: Path) -> None:
    first, second = talked("first", now=NOON), talked("second", now=NOON + timedelta(seconds=9))
    assert first.id == second.id
    save_session(first, folder)
    kept = save_session(second, folder)
    assert kept.id != first.id
    assert save_session(kept.with_turn("user", "more"), folder).id == kept.id
    assert [turn.text for turn in load_session(first.id, folder).turns] == ["first"]
    assert [turn.text for turn in load_session(kept.id, folder).turns] == ["second", "more"]


def test_two_chats_that_resume_the_same_part_ways(folder: Path) -> None:
    start = save_session(talked("hello"), folder)
    one = save_session(start.with_turn("user", "lora"), folder)
    other = save_session(start.with_turn("user", "qlora"), folder)
    assert one.id == start.id != other.id
    assert [t.text for t in load_session(one.id, folder).turns] == ["hello", "lora"]
    assert [t.text for t in load_session(other.id, folder).turns] == ["hello", "qlora"]


def _one_chat(folder: Path, number: int) -> None:
    session = new_session(NOON + timedelta(seconds=number))
    for turn in range(10):
        session = save_session(session.with_turn("user", f"{number} {turn}"), folder)


def test_chats_at_once_lose_nothing(folder: Path) -> None:
    chats = [multiprocessing.get_context("spawn").Process(target=_one_chat, args=(folder, number)) for number in range(4)]
    for chat in chats:
        chat.start()
    for chat in chats:
        chat.join(60)
    kept = [load_session(each.id, folder) for each in list_sessions(folder)]
    assert sorted(turn.text for session in kept for turn in session.turns) == sorted(f"{n} {t}" for n in range(4) for t in range(10))
    assert len(kept) == 4


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not whole JSON"),
        (b'{"program": "oumi-chat", "schema_ver', "not whole JSON"),
        (b"[]", "broken"),
        (b"\xff\xfe\x00", "not whole JSON"),
        (b"[" * 50_000, "broken"),
        (b'{"program": "oumi-chat", "schema_version": 2, "whatever": 1}', "another version"),
        (b'{"program": "other", "schema_version": 1, "id": "x", "started": "", "turns": [], "document": {}}', "broken at program"),
        (b'{"program": "oumi-chat", "schema_version": 1, "id": "20261125-1043-7f3a", "started": "", "turns": [{"who": "root", "text": ""}], "document": {}}', "turns.0.who"),
        (b'{"program": "oumi-chat", "schema_version": 1, "id": "20200101-0000-0000", "started": "", "turns": [], "document": {}}', "renamed or copied"),
    ],
)
def test_a_file_that_is_no_session_is_told_of_and_left_alone(folder: Path, content: bytes, said: str) -> None:
    folder.mkdir(parents=True)
    session = talked("mine")
    path = file(folder, session)
    path.write_bytes(content)
    with pytest.raises(UsageError, match=said) as problem:
        load_session(None, folder)
    assert problem.value.context == str(path)
    assert problem.value.hint
    assert said in list_sessions(folder)[0].trouble
    kept = save_session(session, folder)
    assert kept.id != session.id
    assert path.read_bytes() == content


def test_what_is_no_regular_file_is_not_opened(folder: Path, tmp_path: Path) -> None:
    kept = save_session(talked("x", tail="0001"), folder)
    elsewhere = tmp_path / "elsewhere.json"
    elsewhere.write_text(file(folder, kept).read_text())
    names = {"0002": "link", "0003": "no regular file", "0004": "regular file|directory", "0005": "MiB"}
    paths = {tail: folder / f"20261125-1043-{tail}.json" for tail in names}
    paths["0002"].symlink_to(elsewhere)
    os.mkfifo(paths["0003"])
    paths["0004"].mkdir()
    with paths["0005"].open("wb") as huge:
        huge.truncate(LARGEST + 1)
    for tail, said in names.items():
        with pytest.raises(UsageError, match=said):
            load_session(f"20261125-1043-{tail}", folder)
        assert save_session(talked("y", tail=tail), folder).id[-4:] != tail
    assert elsewhere.exists()
    assert paths["0002"].is_symlink()


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_may_not_be_read(folder: Path) -> None:
    kept = save_session(talked("x"), folder)
    file(folder, kept).chmod(0)
    with pytest.raises(UsageError, match="cannot be read"):
        load_session(None, folder)


@pytest.mark.parametrize("wanted", ["../../etc/passwd", "/etc/passwd", "", "20261125-1043-7f3a.json", "*", "a\x00b", "2026\n", "..", "G" * 5000])
def test_an_id_is_never_a_path(folder: Path, wanted: str) -> None:
    save_session(talked("x"), folder)
    with pytest.raises(UsageError) as problem:
        load_session(wanted, folder)
    assert problem.value.reference == "no-session"


def test_an_id_that_is_not_there_or_not_one(folder: Path) -> None:
    with pytest.raises(UsageError, match="No session is kept"):
        load_session(None, folder)
    for tail in ("aaaa", "aabb"):
        save_session(talked("x", tail=tail), folder)
    with pytest.raises(UsageError, match="No session has this id") as none:
        load_session("2025", folder)
    assert "20261125-1043-aabb" in none.value.hint
    with pytest.raises(UsageError, match="2 sessions begin") as many:
        load_session("20261125-1043-aa", folder)
    assert "20261125-1043-aaaa" in many.value.hint


def test_the_last_used_is_taken_and_the_oldest_go(folder: Path) -> None:
    made = [save_session(talked(f"number {n}", tail=f"{n:04x}", now=NOON - timedelta(days=n)), folder) for n in range(KEPT)]
    for age, session in enumerate(made):
        os.utime(file(folder, session), ns=(0, (1000 - age) * 10**9))
    (folder / "notes.txt").write_text("mine")
    current = talked("new", tail="ffff", now=NOON - timedelta(days=400))
    save_session(current, folder)
    ids = [each.id for each in list_sessions(folder)]
    assert len(ids) == KEPT
    assert ids[0] == current.id
    assert made[-1].id not in ids
    assert made[0].id in ids
    assert (folder / "notes.txt").exists()
    for path in folder.glob("*.json"):  # a clock that was wrong: all others look newer
        os.utime(path, ns=(0, 2**32 * 10**9))
    newest = save_session(talked("newest", tail="fffe"), folder)
    assert newest.id in [each.id for each in list_sessions(folder)]
    assert len(list_sessions(folder)) == KEPT


def test_a_list_shows_the_first_words(folder: Path) -> None:
    save_session(talked("lora\n  qwen3", "planned"), folder)
    (listed,) = list_sessions(folder)
    assert (listed.turns, listed.first, listed.trouble) == (2, "lora qwen3", "")
    assert listed.started.startswith("2026-11-25T10:43:07")


def test_a_broken_write_leaves_the_earlier_one(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = save_session(talked("first"), folder)
    before = file(folder, session).read_text()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(sessions.os, "fsync", full)
    with pytest.raises(UsageError, match="No space left"):
        save_session(session.with_turn("user", "second"), folder)
    assert file(folder, session).read_text() == before
    assert len(list(folder.iterdir())) == 1


def test_a_folder_that_cannot_be_is_told_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    keeper, session = Keeper(tmp_path / "file" / "oumi-chat" / "sessions"), talked("x")
    kept, trouble = keeper.keep(session)
    assert kept == session
    assert trouble is not None
    assert "not saved" in trouble.message
    assert "XDG_STATE_HOME" in trouble.hint
    assert keeper.keep(session.with_turn("user", "y"))[1] is None
    assert Keeper(None).keep(session)[1] is not None


def test_a_session_that_is_too_large_is_not_saved(folder: Path) -> None:
    with pytest.raises(UsageError, match="too large"):
        save_session(talked("x" * (LARGEST + 1)), folder)
    assert not list(folder.iterdir())


def test_halves_of_characters_do_not_break_a_session(folder: Path) -> None:
    save_session(talked("a\udc80b"), folder)
    assert load_session(None, folder).turns[0].text == "a?b"
    json.loads(file(folder, talked()).read_text("utf-8"))


def test_markdown_holds_the_words_and_no_markup_of_theirs() -> None:
    text = export_markdown(talked("# not a heading\n```\n<b>", "fine"))
    assert text.startswith("# oumi-chat, 2026-11-25 10:43 UTC\n")
    assert "**You**\n\n````text\n# not a heading\n```\n<b>\n````" in text
    assert "**oumi-chat**\n\n```text\nfine\n```" in text


def test_where_sessions_are_kept() -> None:
    assert sessions_folder({"XDG_STATE_HOME": "/s", "HOME": "/h"}) == Path("/s/oumi-chat/sessions")
    assert sessions_folder({"XDG_STATE_HOME": "relative", "HOME": "/h"}) == Path("/h/.local/state/oumi-chat/sessions")
    assert sessions_folder({"HOME": "/h"}) == Path("/h/.local/state/oumi-chat/sessions")


def test_of_a_long_paste_the_beginning_is_kept() -> None:
    session = new_session(datetime.now(timezone.utc)).with_turn("user", "x" * 1_000_000)
    assert len(session.turns[0].text) < 21_000
    assert session.turns[0].text.endswith("980,000 more characters")
