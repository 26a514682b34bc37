"""The flows as data: bots/flows/<command>.toml, read once and checked at start; a broken one names itself and the key.

`level` is how surely the customer must be known (3: verified within five minutes). `guard` says whether the thing may
be done and gives what `read_back`, one phrase or several in a row, reads; once the slot `guard_from` is filled it is
asked already, so that nobody answers questions in vain; `action` does it, and `done` tells. `confirm`
is none (or echo: `done` repeats what was understood), explicit, or twice. `instead` are commands offered when the guard
refuses; `on_fail = "handoff"` calls a person when the action cannot be done for a reason that has no words of its own.
"""

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Any

from bots.catalogue import Catalogue, words
from bots.slots import READERS, plain_words
from bots.talk import Option, Ports, phrase

FOLDER = Path(__file__).parent / "flows"
CONFIRMATIONS = {"none": 0, "echo": 0, "explicit": 1, "twice": 2}
ON_FAIL = ("handoff", "say")


class FlowBroken(Exception):
    """A flow file says something that does not exist; the message names the file and the key."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One thing to ask for. `options` are (value, phrase) or come from the look-up `options_from`.

    `found` and `nothing` are said instead of `ask` once something was looked for, with what was `sought`, or where
    there is nothing to choose from; then what `otherwise_from` finds is offered. `greedy`: any sentence is an answer,
    even one that sounds like a question. `when`: asked only while these other slots hold these values.
    """

    name: str
    type: str
    ask: str
    retries: int = 3
    options: tuple[tuple[str, str], ...] = ()
    options_from: str | None = None
    found: str | None = None
    nothing: str | None = None
    otherwise_from: str | None = None
    greedy: bool = False
    when: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Flow:
    """One thing that customers can settle in the chat; `title` names it when the talk comes back to it."""

    id: str
    title: str
    triggers: tuple[str, ...]
    level: int
    action: str
    done: str
    slots: tuple[Slot, ...] = ()
    confirm: str = "none"
    guard: str | None = None
    guard_from: str | None = None
    read_back: tuple[str, ...] = ()
    read_back_again: str | None = None
    kept: str = "form.left"
    instead: tuple[str, ...] = ()
    on_fail: str = "handoff"

    @property
    def confirmations(self) -> int:
        """How many times the customer has to agree before anything is done."""
        return CONFIRMATIONS[self.confirm]

    def slot(self, name: str) -> Slot:
        """The slot of that name."""
        return next(slot for slot in self.slots if slot.name == name)

    @property
    def phrases(self) -> set[str]:
        """Every phrase it says."""
        own = {self.title, self.done, *self.read_back, self.read_back_again, self.kept}
        asked = {key for slot in self.slots for key in (slot.ask, slot.found, slot.nothing)} | {
            label for slot in self.slots for _, label in slot.options
        }
        return {key for key in own | asked if key} | {f"menu.{command}" for command in self.instead}


@cache
def flows() -> Mapping[str, Flow]:
    """All flows by id. Raises FlowBroken."""
    return {path.stem: read(path) for path in sorted(FOLDER.glob("*.toml"))}


@cache
def triggers() -> Mapping[str, str]:
    """Which command or intent starts which flow."""
    return {trigger: flow.id for flow in flows().values() for trigger in (flow.id, *flow.triggers)}


def read(path: Path) -> Flow:
    """The flow in a file. Raises FlowBroken."""
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    slots = tuple(_slot(path.stem, slot) for slot in table.pop("slots", []))
    if isinstance(said := table.get("read_back"), str):
        table["read_back"] = [said]
    _known_keys(path.stem, table, Flow, {"id", "slots"})
    flow = Flow(id=path.stem, slots=slots, **{key: _frozen(value) for key, value in table.items()})
    _check_words(flow)
    return flow


def _slot(flow: str, table: dict[str, Any]) -> Slot:
    _known_keys(flow, table, Slot, set())
    options = tuple((value, label) for value, label in table.pop("options", []))
    slot = Slot(options=options, **table)
    if slot.type not in READERS:
        raise FlowBroken(f"flows/{flow}.toml: slots.{slot.name}.type: there is no type {slot.type!r}")
    return slot


def _known_keys(flow: str, table: Mapping[str, Any], shape: Any, given: set[str]) -> None:
    known = {one.name: one for one in fields(shape)}
    for key in table:
        if key not in known or key in given:
            raise FlowBroken(f"flows/{flow}.toml: there is no key {key!r}")
    for name, one in known.items():
        is_needed = str(one.default).startswith("<dataclasses") and str(one.default_factory).startswith("<dataclasses")
        if is_needed and name not in table and name not in given:
            raise FlowBroken(f"flows/{flow}.toml: the key {name!r} is missing")


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _check_words(flow: Flow) -> None:
    if flow.confirm not in CONFIRMATIONS:
        raise FlowBroken(f"flows/{flow.id}.toml: confirm: there is no way {flow.confirm!r}")
    if flow.on_fail not in ON_FAIL:
        raise FlowBroken(f"flows/{flow.id}.toml: on_fail: there is no way {flow.on_fail!r}")
    if flow.level not in range(4):
        raise FlowBroken(f"flows/{flow.id}.toml: level: levels go from 0 to 3")
    if flow.confirmations and not flow.read_back:
        raise FlowBroken(f"flows/{flow.id}.toml: read_back: whoever has to agree must hear to what")
    for key in sorted(flow.phrases):
        if key not in words("en").phrases:
            raise FlowBroken(f"flows/{flow.id}.toml: there is no phrase {key!r}")


def check(*, guards: Collection[str], options: Collection[str], actions: Collection[str]) -> None:
    """Check at start that everything which flows name is there. Raises FlowBroken."""
    for flow in flows().values():
        named = [("action", flow.action, actions), ("guard", flow.guard, guards)]
        named += [(f"slots.{slot.name}.options_from", slot.options_from, options) for slot in flow.slots]
        named += [(f"slots.{slot.name}.otherwise_from", slot.otherwise_from, options) for slot in flow.slots]
        for key, name, there in named:
            if name is not None and name not in there:
                raise FlowBroken(f"flows/{flow.id}.toml: {key}: there is no {name!r}")


def options_of(slot: Slot, values: Mapping[str, str], ports: Ports, said: Catalogue) -> tuple[Option, ...]:
    """What there is to choose from for a slot: its own options, or what the look-up finds."""
    if slot.options_from is not None:
        return ports.options(slot.options_from, values)
    phrases = said.phrases
    return tuple(
        Option(value, phrase(label), plain_words(str(phrases[label])), said.also.get(label, frozenset()))
        for value, label in slot.options
    )
