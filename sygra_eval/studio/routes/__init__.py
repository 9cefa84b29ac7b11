"""The interface under `/api`: one module a topic, each with its `router` and its shapes."""

from fastapi import APIRouter

from sygra_eval.studio.routes import marks, record, rows, suites, version

ROUTERS: tuple[APIRouter, ...] = (
    version.router,
    suites.router,
    rows.router,
    record.router,
    marks.router,
)
"""A new topic is added here."""
