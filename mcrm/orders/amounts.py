"""What a part of an order line is worth. Integers only; whatever is cut into parts adds up again."""


def share(amount: int, part: int, whole: int) -> int:
    """The worth of `part` of `whole` pieces that are worth `amount` minor units together, half away from zero."""
    if part == whole:
        return amount
    doubled = 2 * abs(amount) * part + whole
    return doubled // (2 * whole) * (1 if amount >= 0 else -1)


def between(amount: int, before: int, pieces: int, whole: int) -> int:
    """The worth of `pieces` more when `before` of `whole` were taken already: all the parts together are `amount`."""
    return share(amount, before + pieces, whole) - share(amount, before, whole)
