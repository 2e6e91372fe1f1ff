"""Figures and bars, as text or JSON."""

from typing import Any, Literal

import msgspec

from loadtest.machine import Machine
from loadtest.stats import Spread


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a report. `bar`: what the project asks of it, none for what is only shown."""

    name: str
    unit: str
    value: Spread
    digits: int = 2
    bar: float | None = None
    sense: Literal["at least", "at most"] = "at most"

    @property
    def met(self) -> bool | None:
        if self.bar is None:
            return None
        middle = self.value.median
        return middle >= self.bar if self.sense == "at least" else middle <= self.bar

    def line(self) -> str:
        shown = f"{self.name:<58} {self.value.text(self.digits):>32} {self.unit}"
        if self.bar is None:
            return shown
        return f"{shown}   [{self.sense} {self.bar:g}: {'met' if self.met else 'MISSED'}]"


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """One subcommand's figures. `checked`: what was verified while they were taken."""

    title: str
    figures: list[Figure]
    checked: str

    def lines(self) -> list[str]:
        return [self.title, *(f"  {figure.line()}" for figure in self.figures), f"  checked: {self.checked}"]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    command: str
    machine: Machine
    sections: list[Section]

    @property
    def missed(self) -> list[Figure]:
        return [figure for section in self.sections for figure in section.figures if figure.met is False]

    def text(self) -> str:
        lines = [self.command, self.machine.text(), "median (least-most) over the rounds", ""]
        for section in self.sections:
            lines += [*section.lines(), ""]
        return "\n".join(lines)

    def document(self) -> dict[str, Any]:
        document: dict[str, Any] = msgspec.to_builtins(self)
        document["missed"] = [figure.name for figure in self.missed]
        return document
