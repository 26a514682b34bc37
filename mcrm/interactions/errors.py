"""What can be wrong with what is to be logged."""

from mcrm.errors import Invalid


class TooMuchToLog(Invalid):
    """This is more text than can be kept; make it shorter."""

    code = "interaction.too-long"
