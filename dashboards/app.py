"""The Litestar app: health, metrics, the API of `dashboards.operations`, and the report pages."""

from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

from decayd.errors import ConfigError, DecaydError
from decayd.metrics import Metrics

if TYPE_CHECKING:
    from litestar import Litestar, Request

from dashboards.operations import Context, perform
from dashboards.pages import index_page

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_CSP = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "content-security-policy": _CSP,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}
_MEDIA = {"html": "text/html", "markdown": "text/markdown", "facts_json": "application/json"}


def check_host(host: str) -> None:
    """Refuse to listen beyond this machine.

    Raises
    ------
    ConfigError
        For any address but loopback: the API has no tokens yet.
    """
    if host not in LOOPBACK:
        raise ConfigError(
            f"server.host = {host!r}: this version listens on loopback only",
            hint="set server.host = '127.0.0.1' and put a proxy with authentication before it",
        )


def make_app(context: Context, metrics: Metrics) -> "Litestar":
    """Build the app over one open store."""
    from litestar import Litestar, Request, Response

    def explain(_: Request[Any, Any, Any], error: DecaydError) -> Response[dict[str, Any]]:
        body = {"error": str(error), "hint": error.hint, "exit_code": error.exit_code}
        return Response(body, status_code=422)

    return Litestar(
        [*_health(context, metrics), *_pages(context), _api(context)],
        before_request=_refuse_strangers,
        exception_handlers={DecaydError: explain},
        before_send=[_add_headers],
        openapi_config=None,
        logging_config=None,
        request_max_body_size=1 << 20,
    )


async def _refuse_strangers(request: "Request[Any, Any, Any]") -> None:
    """Refuse what a page of another site makes a browser on this machine send.

    Such a page can point a name of its own at 127.0.0.1, which shows in the Host header, or send a
    form to it, which shows in the Origin header.
    """
    from litestar.exceptions import PermissionDeniedException

    host, origin = request.headers.get("host", ""), request.headers.get("origin")
    if _hostname(host) not in LOOPBACK or origin not in (None, f"http://{host}"):
        raise PermissionDeniedException("only names of this machine are answered")


async def _add_headers(message: Any, _: Any) -> None:
    from litestar.datastructures import MutableScopeHeaders

    if message["type"] == "http.response.start":
        MutableScopeHeaders(message).update(_HEADERS)


def _hostname(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


def _health(context: Context, metrics: Metrics) -> list[Any]:
    from litestar import MediaType, get

    @get("/livez", media_type=MediaType.TEXT, sync_to_thread=False)
    def livez() -> str:
        return "ok\n"

    @get("/readyz", sync_to_thread=True)
    def readyz() -> dict[str, Any]:
        context.store.rows("store_info")
        return {"ready": True, "kafka": context.collector() if context.collector else None}

    @get("/metrics", media_type="text/plain; version=0.0.4", sync_to_thread=True)
    def metrics_text() -> bytes:
        return metrics.text()

    return [livez, readyz, metrics_text]


def _pages(context: Context) -> list[Any]:
    from litestar import MediaType, Request, Response, get
    from litestar.exceptions import NotFoundException

    @get("/", media_type=MediaType.HTML, sync_to_thread=True)
    def index() -> str:
        return index_page(perform(context, "status", {}), perform(context, "reports", {}))

    @get("/reports", sync_to_thread=True)
    def list_reports() -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = perform(context, "reports", {})
        return rows

    @get("/reports/{week:str}/{form:str}", sync_to_thread=True)
    def show_report(request: Request[Any, Any, Any]) -> Response[str]:
        form = request.path_params["form"]
        if form not in _MEDIA:
            raise NotFoundException(f"a report is one of {', '.join(_MEDIA)}")
        found = perform(context, "report", {"week": request.path_params["week"]})
        document = found["documents"][form]
        return Response(document, media_type=_MEDIA[form])

    @get("/findings/{finding_id:str}", sync_to_thread=True)
    def show_finding(request: Request[Any, Any, Any]) -> dict[str, Any]:
        wanted = {"finding_id": request.path_params["finding_id"]}
        found: dict[str, Any] = perform(context, "finding", wanted)
        return found

    return [index, list_reports, show_report, show_finding]


def _api(context: Context) -> Any:
    from litestar import Request, post
    from litestar.params import Body

    @post("/api/{name:str}", status_code=200, sync_to_thread=True)
    def api(request: Request[Any, Any, Any], data: Annotated[dict[str, Any], Body()]) -> Any:
        return perform(context, request.path_params["name"], data)

    return api
