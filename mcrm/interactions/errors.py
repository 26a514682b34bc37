"""What can be wrong with what is to be logged."""

from mcrm.errors import Conflict, Invalid


class TooMuchToLog(Invalid):
    """This is more text than can be kept; make it shorter."""

    code = "interaction.too-long"


class ContactErased(Conflict):
    """This person was forgotten, as they asked: nothing is written about them any more."""

    code = "contact.erased"


class AccountErased(Conflict):
    """This was the account of a private person who was forgotten, as they asked: nothing is written about them."""

    code = "account.erased"
