"""What can be wrong with deliveries."""

from mcrm.errors import Conflict, NotFound


class DeliveryUnknown(NotFound):
    """There is no such delivery."""

    code = "delivery.unknown"


class NothingToDecide(Conflict):
    """Only a delivery that failed, or of which nobody knows whether it went out, can be tried again or given up."""

    code = "delivery.nothing-to-decide"


class SecretIsGone(Conflict):
    """This delivery held a one-time code, which is gone: ask for a new one."""

    code = "delivery.secret-is-gone"
