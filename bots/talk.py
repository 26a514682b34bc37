"""One turn of a dialogue as data: the state, what happened, what the step wants done. No clock, network or chance."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from bots.catalogue import Catalogue, Phrase
from bots.model import Guess
from mcrm.orders.tracking import TrackedOrder

ANSWER_WITHIN = timedelta(minutes=15)
LOCKED_FOR = timedelta(minutes=15)
VERIFIED_FOR = timedelta(minutes=15)
FRESH_FOR = timedelta(minutes=5)
TRIES = 5


@dataclass(frozen=True, slots=True)
class Form:
    """A flow on its way: the slots filled so far and the one `asked` (or `code`, `confirm`, `resume`).

    Answers chosen from `options` (their values, in order) name the `nonce` of the question, and count until `until`.
    `agreed` counts the confirmations, which hold for what was read back, of which `shown` is the digest; a code that
    was asked for may be entered until `code_until`.
    """

    flow: str
    values: Mapping[str, str] = field(default_factory=dict)
    asked: str = ""
    nonce: str = ""
    until: datetime | None = None
    tries: int = 0
    options: tuple[str, ...] = ()
    agreed: int = 0
    shown: str = ""
    code_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class State:
    """Where the dialogue stands; stored in `conversations`. `asked` is the slot that the next message may answer.

    `slots` holds the last numbered choices (`choices`: commands in order), wrong codes (`tries`) and the contact point
    that `verified_until` holds for (`proved`). `form` is what is being settled, `stack` what it interrupted, the latest
    last. `failures` counts orders that were not found, `misses` messages in a row that were not understood.
    """

    flow: str | None = None
    asked: str | None = None
    slots: Mapping[str, Any] = field(default_factory=dict)
    language: str | None = None
    failures: int = 0
    misses: int = 0
    locked_until: datetime | None = None
    verified_until: datetime | None = None
    expires_at: datetime | None = None
    form: Form | None = None
    stack: tuple[Form, ...] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """What happened: a message (`text`, or the command line of a tapped `button`), or the `outcome` of an action.

    `known`: the address, whose id is `point`, belongs to a contact, whose `name` stands here; a sign-in stands for the
    address where there is one, and makes them known at `level`. `nonce` differs from message to message; it marks the
    choices that are offered in answer.
    """

    now: datetime
    channel: str
    known: bool
    name: str = ""
    text: str = ""
    button: str | None = None
    card: tuple[str, bool] | None = None
    readable: bool = True
    outcome: tuple[str, str, Mapping[str, Any]] | None = None
    point: str = ""
    level: int = 0
    nonce: str = ""


@dataclass(frozen=True, slots=True)
class Option:
    """Something to choose: what is kept, how it is called, and how people may write it (lower case, words only).

    Each word of `also` stands for it, too, in any sentence.
    """

    value: str
    label: Phrase
    words: str = ""
    also: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Allowed:
    """The thing may be done; `facts` are what the customer is read before agreeing."""

    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Refused:
    """It may not be done: say why, and offer what can be done `instead` (None: what the flow offers)."""

    why: Phrase
    instead: tuple[str, ...] | None = None


Verdict = Allowed | Refused


def _no_options(source: str, values: Mapping[str, str]) -> tuple[Option, ...]:
    return ()


def _no_guard(name: str, values: Mapping[str, str]) -> Verdict:
    return Allowed({})


def _no_number(text: str) -> str | None:
    return None


@dataclass(frozen=True, slots=True)
class Ports:
    """What a step may look up: `track(number)` is an own order or None, `orders(most)` own ones, the open ones first.

    `guesses(text)` are the model's best intents of a plain text; none where there is no model for the language.
    `own_number(text)` is the number of an own order that a text names. `options(source, values)` is what there is to
    choose from, `guard(name, values)` whether something may be done; `region` is where the business is.
    """

    track: Callable[[str], TrackedOrder | None]
    orders: Callable[[int], Sequence[TrackedOrder]]
    guesses: Callable[[str], Sequence[Guess]] = lambda text: ()
    own_number: Callable[[str], str | None] = _no_number
    options: Callable[[str, Mapping[str, str]], tuple[Option, ...]] = _no_options
    guard: Callable[[str, Mapping[str, str]], Verdict] = _no_guard
    region: str = "GB"


@dataclass(frozen=True, slots=True)
class Say:
    """Say a phrase; `items` are a list that may be shortened, to `most` of them where there is room for more."""

    phrase: Phrase
    items: tuple[Phrase, ...] = ()
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Choices:
    """Offer (label, command line) to choose from; under the menu itself no way to the menu is offered."""

    options: tuple[tuple[Phrase, str], ...]
    is_menu: bool = False


@dataclass(frozen=True, slots=True)
class ShareNumber:
    """Offer the button that shares the own phone number (Telegram)."""

    label: Phrase


@dataclass(frozen=True, slots=True)
class Call:
    """Do something; its outcome comes back as an event."""

    action: str
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Handoff:
    """Call a person, without waiting for an outcome."""

    reason: str


Effect = Say | Choices | ShareNumber | Call | Handoff


@dataclass(slots=True)
class Talk:
    """What commands write to while a step runs: the next state and the effects."""

    state: State
    event: Event
    ports: Ports
    words: Catalogue
    effects: list[Effect] = field(default_factory=list)

    def say(self, key: str, *, items: Sequence[Phrase] = (), most: int | None = None, **params: Any) -> None:
        """Add a phrase to the one reply."""
        self.effects.append(Say(Phrase(key, params), tuple(items), most))

    def ask(self, slot: str) -> None:
        """The next message may answer this, within fifteen minutes."""
        self.change(asked=slot, expires_at=self.event.now + ANSWER_WITHIN)

    def choose(self, *options: tuple[Phrase, str], is_menu: bool = False) -> None:
        """Offer choices; a digit answers them."""
        self.effects.append(Choices(options, is_menu))
        slots = {**self.state.slots, "choices": [line for _, line in options]}
        self.change(slots=slots, asked="choice", expires_at=self.event.now + ANSWER_WITHIN)

    def proved(self) -> None:
        """The holder of this address has just shown who they are."""
        until = self.event.now + VERIFIED_FOR
        self.change(verified_until=until, slots={**self.state.slots, "proved": self.event.point})

    @property
    def level(self) -> int:
        """How surely the customer is known now."""
        event = self.event
        return level_of(self.state, now=event.now, point=event.point, known=event.known, least=event.level)

    @property
    def is_settled(self) -> bool:
        """Whether this step asks nothing and waits for no outcome."""
        return self.state.asked is None and not any(isinstance(effect, Call) for effect in self.effects)

    def call(self, action: str, **facts: Any) -> None:
        """Have something done."""
        self.effects.append(Call(action, facts))

    def change(self, **fields: Any) -> None:
        """Replace parts of the state."""
        self.state = replace(self.state, **fields)

    def lock(self, reason: str) -> None:
        """No more guesses for fifteen minutes; a person is told."""
        self.change(locked_until=self.event.now + LOCKED_FOR, failures=0, asked=None, slots={}, form=None, stack=())
        self.effects.append(Handoff(reason))

    @property
    def is_locked(self) -> bool:
        """Whether guesses are refused now."""
        return self.state.locked_until is not None and self.state.locked_until > self.event.now


def phrase(key: str, **params: Any) -> Phrase:
    """A phrase to stand inside another one, or on a choice."""
    return Phrase(key, params)


def level_of(state: State, *, now: datetime, point: str, known: bool, least: int = 0) -> int:
    """0 unknown, 1 by the address, 2 verified through this very address, 3 verified within five minutes.

    Whoever is known, is so at `least` as surely as their channel vouches for.
    """
    if not known:
        return 0
    if state.verified_until is None or state.slots.get("proved") != point or state.verified_until <= now:
        return max(1, least)
    return 3 if state.verified_until - VERIFIED_FOR + FRESH_FOR > now else max(2, least)
