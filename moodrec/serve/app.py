"""The application: its endpoints, and what every request passes before them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import anyio.to_thread
from fastapi import FastAPI
from starlette.routing import Match, Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

import moodrec
from moodrec.serve import openapi, problems
from moodrec.serve.guard.access import Access
from moodrec.serve.guard.head import HeadAsGet
from moodrec.serve.guard.headers import SafeHeaders
from moodrec.serve.guard.library_only import LibraryOnly
from moodrec.serve.guard.limits import Guarded
from moodrec.serve.guard.one_reading import in_one_reading
from moodrec.serve.jobs import Jobs
from moodrec.serve.metrics import Measured, Metrics
from moodrec.serve.players import Players
from moodrec.serve.process import Workers
from moodrec.serve.routes import (
    analyze,
    audiomuse,
    find,
    jobs,
    labels,
    maps,
    moods,
    ops,
    players,
    playlists,
    rest,
    search,
    tracks,
)
from moodrec.serve.settings import ServeSettings
from moodrec.serve.state import ServerState
from moodrec.serve.transcoding import Transcoder
from moodrec.serve.uploads import Uploads

STATIC: Final = Path(__file__).parent / "static"
ENGINE_PAGE: Final = Path(__file__).parent / "engine_page"
"""What stands in the place of the page where an engine's catalogue is served."""
_PARTS: Final = (
    tracks,
    search,
    find,
    moods,
    playlists,
    maps,
    analyze,
    labels,
    jobs,
    players,
    rest,
    audiomuse,
    ops,
)
_ENDPOINTS: Final = ("/v1/", "/rest/", "/api/")
ABOUT: Final = (
    "Tracks by sound, by mood and by conditions, from a library that moodrec has analysed. Errors are problem "
    "documents (RFC 9457), whose `detail` says what to do."
)


def create_app(settings: ServeSettings, static: Path = STATIC) -> FastAPI:
    """Make the application that serves a library, an index or an engine's catalogue.

    Args:
        settings: of the server.
        static: the folder of the page's files; without an ``index.html`` in it there is no page.

    Raises:
        NotFoundError: there is neither a library nor an index, and no folder of music to make one from.
        CorruptStoreError: it is damaged.
        EngineError, MissingExtraError: the engine cannot be used.
    """
    state = ServerState(settings)

    @asynccontextmanager
    async def running(app: FastAPI) -> AsyncIterator[None]:
        anyio.to_thread.current_default_thread_limiter().total_tokens = settings.threads
        try:
            yield
        finally:
            app.state.jobs.close()
            app.state.threads.shutdown(wait=False, cancel_futures=True)
            workers.close()
            state.close()

    app = FastAPI(
        title="moodrec",
        version=moodrec.__version__,
        description=ABOUT,
        lifespan=running,
        docs_url=None,  # its page would load scripts from elsewhere
        redoc_url=None,
        openapi_url="/v1/openapi.json",
        generate_unique_id_function=_operation,
    )
    app.state.server = state
    app.state.threads = ThreadPoolExecutor(settings.threads, "moodrec-search")
    workers = Workers()
    app.state.jobs = Jobs(state, workers)
    app.state.uploads = Uploads(workers, settings.library, settings.model, settings.limits.upload_s)
    app.state.players = Players(settings.library)
    app.state.transcoder = Transcoder()
    app.state.metrics = Metrics(state)
    for part in _PARTS:
        app.include_router(part.router)
    app.state.routes = [route for part in _PARTS for route in part.router.routes]
    problems.install(app)
    openapi.install(app)
    page = static if settings.engine is None else ENGINE_PAGE
    if (page / "index.html").is_file():
        app.router.routes.append(_Page("/", StaticFiles(directory=page, html=True), name="page"))
    # The last one added is the first that a request passes.
    app.add_middleware(HeadAsGet)
    if settings.engine is not None:
        app.add_middleware(in_one_reading)
        app.add_middleware(LibraryOnly)
    app.add_middleware(Guarded, limits=settings.limits)
    app.add_middleware(Access, settings=settings)
    app.add_middleware(SafeHeaders)
    app.add_middleware(Measured, metrics=app.state.metrics)
    return app


class _Page(Mount):
    """Serves the page's files, behind the endpoints: a method that one of those lacks is no missing file."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if scope["type"] == "http" and scope["path"].startswith(_ENDPOINTS):
            return Match.NONE, {}
        return super().matches(scope)


def _operation(route: Any) -> str:
    method = min(route.methods or {"GET"}).lower()
    return f"{method}_{route.path_format.strip('/').replace('/', '_').replace('{', '').replace('}', '')}"
