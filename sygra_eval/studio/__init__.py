"""Studio: suites and their runs in the browser. A server over files, with no state of its own.

`create_app` makes the server of a `Workspace`: every request passes `security.Guard` first, then
one of the routers in `routes/`, which read what the journal, the suite documents and `report/` have
and give it as the shapes that the browser's types are made from (`browser_types`). Runs
are processes of their own; what they do reaches the browser as events of `GET /api/events`.
`serve` listens and says where. The front end's source is `ui/`, its build `static/`.
"""

from sygra_eval.studio.app import create_app
from sygra_eval.studio.serving import serve
from sygra_eval.studio.workspace import Workspace

__all__ = ["Workspace", "create_app", "serve"]
