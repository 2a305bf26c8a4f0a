"""The manual page has every command and option, and is roff that other programs read."""

from __future__ import annotations

import shutil
import subprocess

import pytest
import typer

from autograder import manual
from autograder.cli import app


def test_every_command_and_option_that_help_shows_is_in_the_page():
    page = manual.manual().replace(r"\-", "-")
    command = typer.main.get_command(app)
    for name, one in {**command.commands, **command.commands["admin"].commands}.items():
        shown = (p for p in one.params if not getattr(p, "hidden", False))
        for option in (option for p in shown for option in p.opts if option.startswith("--")):
            assert one.hidden or rf"\fB{option}\fR" in page, (name, option)
        assert one.hidden or hasattr(one, "commands") or f" {name}" in page


@pytest.mark.parametrize(
    ("text", "roff"),
    [("--seed", r"\-\-seed"), (r"a\b", r"a\eb"), (".TH", r"\&.TH"), ("'x'", r"\&'x'"), ("a.b 'c'", "a.b 'c'")],
)
def test_no_text_is_taken_for_a_request_of_roff(text, roff):
    assert manual._text(text) == roff  # noqa: SLF001 - what every line goes through


@pytest.mark.skipif(shutil.which("groff") is None, reason="needs groff, to read the page with")
def test_groff_reads_the_page_without_a_warning():
    command = ["groff", "-man", "-Kutf8", "-Tutf8", "-ww", "-z", str(manual.PAGE)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == ""
