"""Run-time settings over HTTP."""

from typing import Any

from flask.views import MethodView

from mcrm.actors import Role
from mcrm.api.blueprint import Blueprint
from mcrm.api.identity import current_actor
from mcrm.db import reading
from mcrm.settings_store import service
from mcrm.settings_store.schemas import SettingInSchema, SettingSchema, SettingsSchema
from mcrm.settings_store.service import SettingNow
from mcrm.transaction import transaction

blueprint = Blueprint(
    "settings", __name__, url_prefix="/v1/settings", description="What may change while everything runs."
)


@blueprint.route("", roles={Role.ADMIN, Role.MANAGER})
class RuntimeSettings(MethodView):
    """All of them."""

    @blueprint.response(200, SettingsSchema())
    def get(self) -> dict[str, Any]:
        """List every setting with its meaning, its default and what holds now."""
        with reading() as session:
            return {"items": service.listed(session)}


@blueprint.route("/<name>", roles={Role.ADMIN})
@blueprint.etag
class OneSetting(MethodView):
    """One of them."""

    @blueprint.allow(Role.ADMIN, Role.MANAGER)
    @blueprint.response(200, SettingSchema())
    def get(self, name: str) -> SettingNow:
        """One setting."""
        with reading() as session:
            return service.get(session, name)

    @blueprint.arguments(SettingInSchema())
    @blueprint.response(200, SettingSchema())
    def put(self, facts: dict[str, Any], name: str) -> SettingNow:
        """Set it; it holds in every process within two seconds."""
        with transaction() as session:
            blueprint.check_etag(service.get(session, name))
            return service.put(session, current_actor, name, facts["value"])

    @blueprint.response(204)
    def delete(self, name: str) -> None:
        """Go back to the default."""
        with transaction() as session:
            blueprint.check_etag(service.get(session, name))
            service.reset(session, current_actor, name)
