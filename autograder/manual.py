"""Writes the manual page of the command from the command itself: `make man`; a wheel installs it for `man gradmark`."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

import typer

from autograder.cli import app

PAGE = Path(__file__).parent / "gradmark.1"
# no date and no version: it changes with the command alone
HEAD = '.TH GRADMARK 1 "" gradmark "User commands"'


def manual() -> str:
    """Return the page in roff, as man(7) describes it."""
    command: Any = typer.main.get_command(app)
    lines = [HEAD, ".SH NAME", rf"gradmark \- {_text(_lowered(command.help))}"]
    lines += [".SH SYNOPSIS", r".B gradmark", r".I command", r"[\fIoption\fR ...] [\fIargument\fR ...]"]
    lines += [".SH OPTIONS", *_parameters(command), ".SH COMMANDS", *_commands("gradmark", command)]
    lines += [".SH SEE ALSO", _text("The documentation lies in docs/ of the project.")]
    return "\n".join(lines) + "\n"


def _lowered(sentence: str) -> str:
    return (sentence[0].lower() + sentence[1:]).rstrip(".")


def _commands(path: str, group: Any) -> Iterator[str]:
    for name, command in group.commands.items():
        if command.hidden:
            continue
        if hasattr(command, "commands"):
            yield from _commands(f"{path} {name}", command)
            continue
        yield f".SS {path} {name} {' '.join(_operand(p) for p in command.params if not _is_option(p))}".rstrip()
        for number, paragraph in enumerate(command.help.split("\n\n")):
            yield from ([".PP"] if number else []) + [_text(" ".join(paragraph.split()))]
        yield from _parameters(command)


def _parameters(command: Any) -> Iterator[str]:
    for parameter in command.params:
        if not getattr(parameter, "hidden", False):
            said = " ".join((parameter.help or "").split())
            yield from (".TP", _named(parameter), _text(said + _default(parameter)))


def _is_option(parameter: Any) -> bool:
    return bool(parameter.param_type_name == "option")


def _named(parameter: Any) -> str:
    if not _is_option(parameter):
        return rf"\fI{_operand(parameter)}\fR"
    names = ", ".join(rf"\fB{_text(name)}\fR" for name in (*parameter.opts, *parameter.secondary_opts))
    return names if parameter.is_flag else rf"{names} \fI{_value(parameter)}\fR"


def _operand(argument: Any) -> str:
    return _text(argument.name.upper()) + (" ..." if argument.nargs == -1 else "")


def _value(option: Any) -> str:
    choices = getattr(option.type, "choices", None)
    return _text("|".join(map(_shown, choices)) if choices else option.name.upper())


def _default(parameter: Any) -> str:
    default = parameter.default
    silent = default is None or isinstance(default, bool) or callable(default) or "Default:" in (parameter.help or "")
    return "" if silent else f" Default: {_shown(default)}."


def _shown(value: object) -> str:
    return str(value.value if isinstance(value, Enum) else value)


def _text(text: str) -> str:
    """Return a text whose characters stand for themselves in roff."""
    escaped = text.replace("\\", r"\e").replace("-", r"\-")
    return rf"\&{escaped}" if escaped.startswith((".", "'")) else escaped


if __name__ == "__main__":
    PAGE.write_text(manual(), encoding="utf-8")
