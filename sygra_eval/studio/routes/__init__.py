"""The interface under `/api`: one module a topic, each with its `router` and its shapes."""

from fastapi import APIRouter

from sygra_eval.studio.routes import (
    documents,
    events,
    marks,
    models,
    record,
    rows,
    runs,
    secrets,
    settings,
    suites,
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
)
"""A new topic is added here."""
