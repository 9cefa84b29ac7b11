"""The interface under `/api`: one module a topic, each with its `router` and its shapes."""

from fastapi import APIRouter

from sygra_eval.studio.routes import documents, events, runs, suites, version

ROUTERS: tuple[APIRouter, ...] = (
    version.router,
    suites.router,
    documents.router,
    runs.router,
    events.router,
)
"""A new topic is added here."""
