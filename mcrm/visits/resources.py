"""Visits over HTTP: checking in and out, forms, and reports."""

from typing import Any
from uuid import UUID

from flask import Response
from flask.views import MethodView
from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm.actors import STAFF, Role
from mcrm.api.blueprint import Blueprint
from mcrm.api.identity import current_actor
from mcrm.api.paging import page_of
from mcrm.api.rows import compile_rows
from mcrm.db import reading
from mcrm.orders.schemas import NothingSchema
from mcrm.transaction import perform
from mcrm.visits import checking, forms, reporting, service
from mcrm.visits.checking import FollowUp, Seen
from mcrm.visits.models import Visit, VisitForm, VisitReport
from mcrm.visits.schemas import (
    CheckedInSchema,
    CheckInSchema,
    CheckOutInSchema,
    FullVisitFormSchema,
    OutcomeInSchema,
    QuestionsInSchema,
    VisitFormInSchema,
    VisitFormQuery,
    VisitFormSchema,
    VisitQuery,
    VisitReportInSchema,
    VisitReportQuery,
    VisitReportSchema,
    VisitSchema,
)

blueprint = Blueprint(
    "visits", __name__, url_prefix="/v1/visits", description="Calls at accounts, and what came of it."
)
reports = Blueprint("visit-reports", __name__, url_prefix="/v1/visit-reports", description="What reps reported.")
report_forms = Blueprint("visit-forms", __name__, url_prefix="/v1/visit-forms", description="What reps report on.")
FIELD = (Role.ADMIN, Role.MANAGER, Role.REP)
TABLE, REPORTS = service.TABLE, reporting.TABLE
ROWS, REPORT_ROWS = compile_rows(VisitSchema(), TABLE), compile_rows(VisitReportSchema(), REPORTS)
FIELDS = tuple(VisitSchema().fields)
FORM_ROWS = compile_rows(VisitFormSchema(), VisitForm)
EQUAL = ("account_id", "rep_id", "state", "outcome", "verdict")
MANAGERS = (Role.ADMIN, Role.MANAGER)


@blueprint.route("", roles=STAFF)
class Visits(MethodView):
    """All of them."""

    @blueprint.arguments(VisitQuery(), location="query")
    @blueprint.response(200, page_of(VisitSchema()))
    def get(self, query: dict[str, Any]) -> Response:
        """List the visits to accounts you see, newest first."""
        found = service.within_reach(select(*ROWS.columns), current_actor)
        for name in EQUAL:
            if (value := query.pop(name)) is not None:
                found = found.where(TABLE.c[name] == value)
        if (since := query.pop("since")) is not None:
            found = found.where(TABLE.c.visited_at >= since)
        if (until := query.pop("until")) is not None:
            found = found.where(TABLE.c.visited_at < until)
        return ROWS.listed(found, [TABLE.c.visited_at.desc(), TABLE.c.id.desc()], **query)

    @blueprint.allow(*FIELD)
    @blueprint.arguments(CheckInSchema())
    @blueprint.response(201, CheckedInSchema())
    def post(self, facts: dict[str, Any]) -> dict[str, Any]:
        """Check in at an account; a visit still open elsewhere ends as not checked out, and is named."""
        seen, follow_up = _parts(facts)

        def work(session: Session) -> dict[str, Any]:
            made = checking.check_in(session, current_actor, seen=seen, follow_up=follow_up, **facts)
            shown = {name: getattr(made.visit, name) for name in FIELDS}
            return shown | {"left_visit_id": made.left and made.left.id}

        return perform(work)


@blueprint.route("/<uuid:id>", roles=STAFF)
@blueprint.etag
class OneVisit(MethodView):
    """One of them."""

    @blueprint.response(200, VisitSchema())
    def get(self, id: UUID) -> Visit:
        """One visit."""
        with reading() as session:
            return service.reachable(session, current_actor, id)


@blueprint.route("/<uuid:id>/check-out", roles=FIELD)
class CheckOut(MethodView):
    """It is over."""

    @blueprint.arguments(CheckOutInSchema())
    @blueprint.response(201, VisitSchema())
    @blueprint.alt_response(409, description="You checked out of it at another time")
    def post(self, facts: dict[str, Any], id: UUID) -> Visit:
        """Check out of your visit, with what came of it; the same check-out again changes nothing."""
        seen, follow_up = _parts(facts)

        def work(session: Session) -> Visit:
            visit = service.reachable(session, current_actor, id, lock=True)
            return checking.check_out(session, current_actor, visit, seen=seen, follow_up=follow_up, **facts)

        return perform(work)


@blueprint.route("/<uuid:id>/outcome", roles=FIELD)
class OutcomeOfVisit(MethodView):
    """What came of it."""

    @blueprint.arguments(OutcomeInSchema())
    @blueprint.response(200, VisitSchema())
    def put(self, facts: dict[str, Any], id: UUID) -> Visit:
        """Say, or say anew, what came of your visit."""

        def work(session: Session) -> Visit:
            visit = service.reachable(session, current_actor, id, lock=True)
            return checking.change_outcome(session, current_actor, visit, facts["outcome"])

        return perform(work)


@blueprint.route("/<uuid:id>/reports", roles=FIELD)
class ReportsOfVisit(MethodView):
    """What was reported of a visit."""

    @blueprint.arguments(VisitReportInSchema())
    @blueprint.response(201, VisitReportSchema())
    def post(self, facts: dict[str, Any], id: UUID) -> VisitReport:
        """Report on your visit: the answers to a form's questions."""
        return perform(lambda session: reporting.report(session, current_actor, visit_id=id, **facts))


@reports.route("", roles=STAFF)
class Reports(MethodView):
    """All of them."""

    @reports.arguments(VisitReportQuery(), location="query")
    @reports.response(200, page_of(VisitReportSchema()))
    def get(self, query: dict[str, Any]) -> Response:
        """List the reports of visits you see, newest first."""
        found = reporting.within_reach(select(*REPORT_ROWS.columns), current_actor)
        for name in ("visit_id", "form_id"):
            if (value := query.pop(name)) is not None:
                found = found.where(REPORTS.c[name] == value)
        if (account_id := query.pop("account_id")) is not None:
            found = found.where(TABLE.c.account_id == account_id)
        return REPORT_ROWS.listed(found, [REPORTS.c.id.desc()], **query)


@report_forms.route("", roles=STAFF)
class Forms(MethodView):
    """All of them."""

    @report_forms.arguments(VisitFormQuery(), location="query")
    @report_forms.response(200, page_of(VisitFormSchema()))
    def get(self, query: dict[str, Any]) -> Response:
        """List the versions of all report forms, newest first."""
        found = select(VisitForm)
        if (is_active := query.pop("is_active")) is not None:
            found = found.where(VisitForm.is_active.is_(is_active))
        return FORM_ROWS.listed(found, [VisitForm.id.desc()], **query)

    @report_forms.allow(*MANAGERS)
    @report_forms.arguments(VisitFormInSchema())
    @report_forms.response(201, FullVisitFormSchema())
    def post(self, facts: dict[str, Any]) -> VisitForm:
        """Publish a new report form."""
        return perform(lambda session: forms.publish(session, current_actor, **facts))


@report_forms.route("/<uuid:id>", roles=STAFF)
@report_forms.etag
class OneForm(MethodView):
    """One of them."""

    @report_forms.response(200, FullVisitFormSchema())
    def get(self, id: UUID) -> VisitForm:
        """One version of a report form, with its questions."""
        with reading() as session:
            return forms.known(session, id)


@report_forms.route("/<uuid:id>/versions", roles=MANAGERS)
class FormVersions(MethodView):
    """What takes its place."""

    @report_forms.arguments(QuestionsInSchema())
    @report_forms.response(201, FullVisitFormSchema())
    @report_forms.alt_response(409, description="Another version is in use")
    def post(self, facts: dict[str, Any], id: UUID) -> VisitForm:
        """Publish a new version of a form; reports by the old one are still taken."""

        def work(session: Session) -> VisitForm:
            return forms.publish_again(session, current_actor, forms.known(session, id), **facts)

        return perform(work)


@report_forms.route("/<uuid:id>/retirement", roles=MANAGERS)
class FormRetirement(MethodView):
    """Not any more."""

    @report_forms.arguments(NothingSchema())
    @report_forms.response(201, FullVisitFormSchema())
    def post(self, nothing: dict[str, Any], id: UUID) -> VisitForm:
        """Retire a form: nobody is to fill it in any more."""
        return perform(lambda session: forms.retire(session, current_actor, forms.known(session, id)))


def _parts(facts: dict[str, Any]) -> tuple[Seen, FollowUp]:
    """Where the device is, and what follows; taken out of the facts."""
    seen = Seen(**{name: facts.pop(name) for name in ("lat", "lon", "accuracy_m", "is_mock")})
    step = facts.pop("next_step") or {"title": None, "due_at": None}
    follow_up = FollowUp(facts.pop("note"), step["title"], step["due_at"], facts.pop("contact_id"))
    return seen, follow_up
