"""What stays of the address of somebody who was forgotten: a keyed digest, so that their stop goes on being obeyed."""

from mcrm import keys

PURPOSE = "stopped-address"
BEGINNING = "erased:"


def mark_of(channel: str, address: str) -> str:
    """The mark of an address; whoever has the number finds the mark, and nobody finds the number by it."""
    return BEGINNING + keys.digest(PURPOSE, f"{channel}|{address}")
