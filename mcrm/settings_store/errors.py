"""What can be wrong with run-time settings."""

from mcrm.errors import Conflict, Invalid, NotFound


class SettingUnknown(NotFound):
    """There is no such setting."""

    code = "setting.unknown"


class SettingInvalid(Invalid):
    """This is not a value of this setting."""

    code = "setting.invalid"


class SettingChangedMeanwhile(Conflict):
    """Somebody set this at the same moment: look again."""

    code = "setting.changed-meanwhile"
