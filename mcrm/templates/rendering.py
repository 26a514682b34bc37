"""Templates become words: named variables, conditions and a few filters; no loops, no calls, no attributes.

A template is somebody's input. It is parsed by Jinja2, then every part of it must be on the list below, and only then
is it rendered, in the sandbox, where an undefined name is an error. So its cost is bounded by its length, and what
customers are called is a value, never a template.
"""

from collections.abc import Collection, Iterator
from functools import lru_cache

from jinja2 import StrictUndefined, Template, TemplateError, nodes
from jinja2.sandbox import SandboxedEnvironment

from mcrm.api.fields import clean_text
from mcrm.templates.catalogue import Values

ENVIRONMENT = SandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
PARTS = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.Const,
    nodes.If,
    nodes.CondExpr,
    nodes.Compare,
    nodes.Operand,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.Filter,
)
FILTERS = frozenset({"upper", "lower", "capitalize", "trim", "default"})
MOST_PARTS = 200


class Unreadable(ValueError):
    """A template that cannot be used; the text says why, for people."""


def check(source: str, variables: Collection[str]) -> None:
    """Raise Unreadable unless `source` holds nothing but what is allowed, and these variables."""
    try:
        parts = list(_parts(ENVIRONMENT.parse(source)))
        for part in parts:
            _check_part(part, variables)
        if len(parts) > MOST_PARTS:
            raise Unreadable("This template is too complicated.")
        _compiled(source)
    except TemplateError as error:
        raise Unreadable(f"This is not a template: {error.message}") from None
    except (SyntaxError, RecursionError):
        raise Unreadable("This template is nested too deeply.") from None


def _check_part(part: nodes.Node, variables: Collection[str]) -> None:
    if isinstance(part, nodes.Name) and part.name not in variables:
        raise Unreadable(f"There is no variable {part.name!r} here; known are {', '.join(sorted(variables))}.")
    if isinstance(part, nodes.Filter) and part.name not in FILTERS:
        raise Unreadable(f"The filter {part.name!r} is not allowed; allowed are {', '.join(sorted(FILTERS))}.")
    if not isinstance(part, PARTS):
        raise Unreadable(f"Only variables, conditions and filters are allowed, no {type(part).__name__.lower()}.")


def _parts(node: nodes.Node) -> Iterator[nodes.Node]:
    yield node
    for child in node.iter_child_nodes():
        yield from _parts(child)


def render(source: str, values: Values) -> str:
    """The words; None becomes the empty text.

    Raises Unreadable for what `check` would have refused, for what these values alone bring to light (a text compared
    with a number, where another order took another way), and for characters that no database stores.
    """
    try:
        said = _compiled(source).render({name: value or "" for name, value in values.items()}).strip()
    except TemplateError as error:
        raise Unreadable(str(error)) from None
    except (TypeError, ValueError, ArithmeticError, RecursionError) as error:
        raise Unreadable(f"This cannot be worked out: {error}.") from None
    if not clean_text(said):
        raise Unreadable("NUL and halves of surrogate pairs cannot be sent.")
    return said


@lru_cache(maxsize=256)
def _compiled(source: str) -> Template:
    return ENVIRONMENT.from_string(source)
