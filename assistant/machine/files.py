"""Writing a file whole or not at all, and never over another without leave."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

from assistant.core.errors import UsageError


def is_here(path: str) -> bool:
    """True when a file of this name can be seen from here."""
    try:
        return Path(os.path.expanduser(path)).exists()
    except (OSError, ValueError, RuntimeError):
        return False


def write_new(path: Path, text: str, *, force: bool) -> None:
    """Write `text` to `path` atomically; an existing file is replaced only with `force`.

    Only a regular file is ever replaced: a device, a pipe or a socket is not a place for a config, and putting a
    file in its stead (as root, `-o /dev/full`) would take it from every other program on the machine.

    Raises:
        UsageError: the file exists, is a folder or no regular file, its folder is missing, or it may not be written.
    """
    target = Path(os.path.realpath(path)) if path.is_symlink() else path
    _regular_or_nothing(path, target)
    try:
        temporary = _beside(target, text)
    except FileNotFoundError:
        raise UsageError(
            f"The folder of {path} does not exist.", context=str(path), hint=f"mkdir -p {path.parent}", reference="no-folder"
        ) from None
    except OSError as problem:
        raise _refused(path, problem) from None
    try:
        _move(temporary, target, force=force)
    except FileExistsError:
        raise UsageError(
            f"{path} exists and was left as it is.",
            context=str(path),
            hint="Add --force to replace it, or give another name.",
            reference="file-exists",
        ) from None
    except OSError as problem:
        raise _refused(path, problem) from None
    finally:
        Path(temporary).unlink(missing_ok=True)


def _regular_or_nothing(path: Path, target: Path) -> None:
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        return
    except OSError as problem:
        raise _refused(path, problem) from None
    if stat.S_ISDIR(mode):
        raise UsageError(f"{path} is a folder.", context=str(path), hint="Give a file name inside it.", reference="is-a-folder")
    if not stat.S_ISREG(mode):
        raise UsageError(
            f"{path} is a device, a pipe or a socket, not a file.",
            context=str(path),
            hint="Leave -o out and redirect stdout instead, or give a file name.",
            reference="not-a-file",
        )


def _beside(target: Path, text: str) -> str:
    handle, name = tempfile.mkstemp(prefix=f".{target.name[:80]}.", dir=target.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(name, 0o666 & ~umask)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
    return name


def _move(temporary: str, target: Path, *, force: bool) -> None:
    if force:
        os.replace(temporary, target)
        return
    try:
        os.link(temporary, target)  # fails if the target came to be meanwhile
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        with open(target, "x", encoding="utf-8", newline="\n") as out:
            out.write(Path(temporary).read_text("utf-8"))


def _refused(path: Path, problem: OSError) -> UsageError:
    return UsageError(
        f"{path} cannot be written: {problem.strerror or problem}.",
        context=str(path),
        hint="Give a path that you may write to.",
        reference="cannot-write",
    )
