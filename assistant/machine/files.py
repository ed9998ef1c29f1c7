"""Writing a file whole or not at all, and never over another without leave."""

from __future__ import annotations

import contextlib
import errno
import os
import shlex
import stat
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from assistant.core.errors import UsageError


def is_here(path: str) -> bool:
    """True when a file of this name can be seen from here."""
    try:
        return Path(os.path.expanduser(path)).exists()
    except (OSError, ValueError, RuntimeError):
        return False


def output_path(text: str) -> Path:
    """The file that a name given by the user means; `~` is a home.

    Raises:
        UsageError: no name, a folder's name, or one that cannot be shown as it is.
    """
    if not text.strip():
        raise UsageError("The name of the file to write is empty.", context="-o", hint="Give one: -o train.yaml")
    if not text.isprintable():
        message = "The name of the file to write holds control or invisible characters."
        raise UsageError(message, context="-o", hint="Give another name: -o train.yaml", reference="bad-name")
    if text.endswith(("/", os.sep)):
        hint = f"Give a file name inside it: {text}train.yaml"
        raise UsageError(f"{text} names a folder.", context=text, hint=hint, reference="is-a-folder")
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise UsageError(f"{text} names a home that is not known.", context=text, hint="Give the whole path.") from None


@contextlib.contextmanager
def new_folder(path: Path) -> Iterator[None]:
    """The folder, made where it is not there; what was made goes again where nothing could be written into it.

    Raises:
        UsageError: it cannot be made.
    """
    made = [folder for folder in (path, *path.parents) if not folder.exists()]
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise _no_folder(path, problem) from None
    try:
        yield
    except BaseException:
        with contextlib.suppress(OSError):
            for folder in made:
                folder.rmdir()
        raise


def _no_folder(path: Path, problem: OSError) -> UsageError:
    what = "a file of that name is there" if isinstance(problem, FileExistsError | NotADirectoryError) else problem.strerror or problem
    return UsageError(f"The folder {path} cannot be made: {what}.", context=str(path), hint="Give another folder.", reference="no-folder")


def write_all(files: Sequence[tuple[Path, str]], *, force: bool) -> None:
    """Write several files that belong together, or none: what `write_new` refuses is refused before anything is written.

    Raises:
        UsageError: as `write_new`, for the first file that cannot be written.
    """
    if len(files) > 1:
        for path, _ in files:
            _refuse_early(path, force=force)
    written: list[Path] = []
    try:
        for path, text in files:
            was_there = os.path.lexists(path)
            write_new(path, text, force=force)
            written += [] if was_there else [path]
    except BaseException:  # a full disk, a Ctrl-C: half a set would be taken for a whole one
        for path in written:
            path.unlink(missing_ok=True)
        raise


def _refuse_early(path: Path, *, force: bool) -> None:
    target = Path(os.path.realpath(path)) if os.path.islink(path) else path
    _in_a_folder(path, target)
    _regular_or_nothing(path, target)
    if not force and os.path.lexists(target):
        raise _exists(path)


def _exists(path: Path) -> UsageError:
    return UsageError(
        f"{path} exists and was left as it is.",
        context=str(path),
        hint="Add --force to replace it, or give another name.",
        reference="file-exists",
    )


def write_new(path: Path, text: str, *, force: bool) -> None:
    """Write `text` to `path` atomically; an existing file is replaced only with `force`.

    Only a regular file is ever replaced: a device, a pipe or a socket is not a place for a config, and putting a
    file in its stead (as root, `-o /dev/full`) would take it from every other program on the machine.

    Raises:
        UsageError: the file exists, is a folder or no regular file, its folder is missing, or it may not be written.
    """
    target = Path(os.path.realpath(path)) if os.path.islink(path) else path
    _in_a_folder(path, target)
    _regular_or_nothing(path, target)
    try:
        temporary = _beside(target, text)
    except OSError as problem:
        raise _refused(path, problem) from None
    try:
        _move(temporary, target, force=force)
    except FileExistsError:
        raise _exists(path) from None
    except OSError as problem:
        raise _refused(path, problem) from None
    finally:
        Path(temporary).unlink(missing_ok=True)


def replace_own(path: Path, text: str, *, before: str) -> None:
    """Write a file anew that is mended where it stands, with its permissions; `before` is what it held when it was read.

    Raises:
        UsageError: as `write_new`; its owner has made it read-only: a new file in its place would get past that; or another
            program has written it since it was read.
    """
    try:
        if path.read_bytes() != before.encode("utf-8"):
            raise UsageError(f"{path} was changed by another program and left as it is.", context=str(path), hint="Run the command again.", reference="changed-meanwhile")
        writable = path.stat().st_mode & 0o222 and os.access(path, os.W_OK)
    except OSError as problem:
        raise _refused(path, problem) from None
    if not writable:
        hint = f"chmod u+w {shlex.quote(str(path))}, or write the result elsewhere."
        raise UsageError(f"{path} is read-only and was left as it is.", context=str(path), hint=hint, reference="cannot-write")
    write_new(path, text, force=True)


def _in_a_folder(path: Path, target: Path) -> None:
    try:
        os.getcwd()
    except OSError:
        if not target.is_absolute():
            hint = "cd to a folder that does, or give a whole path."
            raise UsageError("The current folder does not exist any more.", context=str(path), hint=hint, reference="no-folder") from None
    if not os.path.isdir(target.parent):
        hint = f"mkdir -p {shlex.quote(str(target.parent))}"
        raise UsageError(f"The folder of {path} does not exist.", context=str(path), hint=hint, reference="no-folder")


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
        os.chmod(name, _mode(target))
    except BaseException:  # a Ctrl-C too leaves nothing behind
        Path(name).unlink(missing_ok=True)
        raise
    return name


def _mode(target: Path) -> int:
    """The permissions of the file that is replaced; those of any new file where there is none."""
    try:
        return stat.S_IMODE(target.stat().st_mode) & 0o777
    except OSError:
        umask = os.umask(0)
        os.umask(umask)
        return 0o666 & ~umask


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
    # A pseudo file system such as /proc says "no such file" where it means "no new file".
    reason = "no file can be made there" if problem.errno == errno.ENOENT else problem.strerror or problem
    return UsageError(
        f"{path} cannot be written: {reason}.",
        context=str(path),
        hint="Give a path that you may write to.",
        reference="cannot-write",
    )
