"""The interface under `/api`: one module a topic, each with its `router` and its shapes."""

from fastapi import APIRouter

from sygra_eval.studio.routes import (
    documents,
    events,
    export,
    marks,
    models,
    record,
    reports,
    rows,
    runs,
    secrets,
    settings,
    suites,
    verdicts,
    version,
)

ROUTERS: tuple[APIRouter, ...] = (
    version.router,
    suites.router,
    models.router,
    secrets.router,
    settings.router,
    documents.router,
    runs.router,
    events.router,
    rows.router,
    record.router,
    marks.router,
    verdicts.router,
    reports.router,
    export.router,
)
"""A new topic is added here."""
