"""The Flask application for any WSGI server: `wsgi:application`, made when a server first asks for it.

`mcrm serve` is the way to run it that faces the network; a plain WSGI server needs a buffering proxy in front.
"""

from typing import Any


def __getattr__(name: str) -> Any:
    """Build the application at first use, in the process that serves: importing this module opens nothing."""
    if name != "application":
        raise AttributeError(name)
    import assembly

    application = assembly.flask_app(assembly.settings_from_environment())
    globals()["application"] = application
    return application
