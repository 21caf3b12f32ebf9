"""Every request's id: in problems, in the log, and as X-Request-Id."""

import structlog
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from domain.ids import new_id


def traced(app: ASGIApp) -> ASGIApp:
    """Stands before Litestar's router and doors, so that what they refuse has an id too."""

    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        trace_id = new_id().hex
        scope["state"]["trace_id"] = trace_id
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(trace_id=trace_id)

        async def send_traced(message: Message) -> None:
            if message["type"] == "http.response.start":
                known = [header for header in message.get("headers", []) if header[0] != b"x-content-type-options"]
                own = [(b"x-request-id", trace_id.encode()), (b"x-content-type-options", b"nosniff")]
                message = {**message, "headers": [*known, *own]}
            await send(message)

        await app(scope, receive, send_traced)

    return call
