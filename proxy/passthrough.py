"""Every path that no surface reads: byte for byte, unbuffered, both ways. Plus the model list, which is ours to answer
where several backends are behind it."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from typing import Any

import msgspec
from aiohttp import web

from halfpenny.backends.base import BackendError, Call, Reply
from halfpenny.ledger.base import Opened, Settled
from halfpenny.proxy.answers import StreamedAnswer, WholeAnswer, break_connection
from halfpenny.proxy.errors import ProxyError
from halfpenny.proxy.exchange import Exchange, new_id
from halfpenny.proxy.flow import no_plan_error
from halfpenny.proxy.headers import Pairs, cache_status_forward, forwarded, read_head, returned
from halfpenny.proxy.prompts import build_prompt
from halfpenny.proxy.runtime import Runtime, Services, Slot
from halfpenny.proxy.upgrade import is_upgrade, pipe
from halfpenny.router.base import NoPlan

log = logging.getLogger(__name__)
_MODELS = "/v1/models"
_MODEL_LIST_BYTES = 4 * 1024 * 1024
_PLAIN_HEADERS = (("Accept", "application/json"), ("Accept-Encoding", "identity"))


class PassThrough:
    """Serves what the surfaces do not."""

    def __init__(self, services: Services) -> None:
        self.services = services

    async def serve(
        self, request: web.BaseRequest, exchange: Exchange, runtime: Runtime, body: bytes | None = None
    ) -> web.StreamResponse:
        """`body` is the request's, where it was taken from the connection already."""
        exchange.head = read_head(exchange.raw_headers, runtime.tenant_headers, exchange.target)
        if exchange.method == "GET" and (exchange.path == _MODELS or exchange.path.startswith(_MODELS + "/")):
            remote = [slot for slot in runtime.slots.values() if slot.backend is not None]
            if len(remote) != 1 or remote[0].local:
                return await self._models(exchange, runtime)
        slot = self._choose(exchange, runtime)
        if is_upgrade(request):
            return await self._upgrade(request, exchange, slot)
        return await self._relay(request, exchange, slot, body)

    def _choose(self, exchange: Exchange, runtime: Runtime) -> Slot:
        """The first backend of the route that fits the path. The large one leads: nothing here is known to be easy."""
        prompt = build_prompt(exchange)
        plan = runtime.router.plan(prompt, pinned_route=exchange.wishes.route)
        if isinstance(plan, NoPlan):
            raise no_plan_error(plan)
        exchange.route = plan.route
        exchange.why["route"] = plan.why
        slots = [runtime.slots[step.backend] for step in plan.steps]
        return next((slot for slot in slots if not slot.local), slots[0])

    # byte for byte

    async def _relay(
        self, request: web.BaseRequest, exchange: Exchange, slot: Slot, body: bytes | None
    ) -> web.StreamResponse:
        assert slot.backend is not None
        if request.headers.get("Expect", "").lower() == "100-continue":
            await request._payload_writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        framed = request.content_length is not None
        call = Call(
            method=exchange.method,
            target=exchange.target,
            headers=forwarded(exchange.raw_headers, keep_length=framed),
            body=body if body is not None else _body(request) if request.can_read_body or framed else b"",
            timeouts=slot.timeouts(),
        )
        row = _Row(self.services, exchange, slot)
        reply: Reply | None = None
        answer: StreamedAnswer | None = None
        try:
            reply = await slot.backend.call(call)
            row.status = reply.status
            answer = StreamedAnswer(reply.status, [*returned(reply.headers), *_marks(exchange, slot)])
            await answer.prepare(request)
            async for chunk in reply.chunks():
                await answer.write(chunk)
            await answer.write_eof()
            row.settle("bypass" if reply.status < 400 else "error")
            return answer
        except BackendError as error:
            row.settle("error", error=str(error))
            if answer is None:
                raise ProxyError(error.status_hint, error.code, str(error)) from error
            break_connection(request)
            return answer
        finally:
            # only what raised past us (a client that left, a bug) is still open here
            row.settle("error", client_gone=True, error="the client left")
            if reply is not None:
                await reply.close()

    async def _upgrade(self, request: web.BaseRequest, exchange: Exchange, slot: Slot) -> web.StreamResponse:
        """A websocket or any other upgrade: the raw connection is piped to the upstream, both ways."""
        base_url = getattr(slot.backend, "base_url", None)
        if not isinstance(base_url, str):
            raise ProxyError(
                400, "upgrade_not_supported", f"backend {slot.section.name!r} takes no upgraded connections"
            )
        row = _Row(self.services, exchange, slot)
        try:
            refused = await pipe(request, exchange, slot.backend)
            row.status = 101 if refused is None else refused.status
            row.settle("bypass" if refused is None else "error")
            if refused is not None:
                return WholeAnswer(refused.status, [*refused.headers, *_marks(exchange, slot)], refused.body)
        except (OSError, TimeoutError) as error:
            row.settle("error", error=type(error).__name__)
            raise ProxyError(502, "upstream_unreachable", "the upstream could not be reached") from error
        finally:
            row.settle("bypass", client_gone=True)
        break_connection(request)
        return WholeAnswer(101, (), b"")

    # the model list

    async def _models(self, exchange: Exchange, runtime: Runtime) -> web.StreamResponse:
        found: dict[str, dict[str, Any]] = {}
        lists = await asyncio.gather(
            *(self._models_of(slot, exchange) for slot in runtime.slots.values() if slot.backend is not None)
        )
        for models in lists:
            for model in models:
                found.setdefault(str(model.get("id")), model)
        exchange.outcome = "bypass"
        headers = [
            ("Content-Type", "application/json"),
            ("Cache-Status", cache_status_forward("bypass")),
            ("Halfpenny-Request-Id", exchange.request_id),
            ("Halfpenny-Served-By", "halfpenny/models"),
        ]
        wanted = exchange.path[len(_MODELS) + 1 :]
        if not wanted:
            return WholeAnswer(200, headers, msgspec.json.encode({"object": "list", "data": list(found.values())}))
        if wanted not in found:
            raise ProxyError(404, "model_not_found", f"model {wanted!r} is not served here", param="model")
        return WholeAnswer(200, headers, msgspec.json.encode(found[wanted]))

    async def _models_of(self, slot: Slot, exchange: Exchange) -> list[dict[str, Any]]:
        """What one backend lists; what it fails to list is left out, and logged."""
        if slot.section.model is not None:
            return [{"id": slot.section.model, "object": "model", "created": 0, "owned_by": slot.section.name}]
        assert slot.backend is not None
        headers = forwarded(exchange.raw_headers, identity=True)
        if not slot.has_own_key and not _speaks(slot, headers):
            # the caller's credential is for another provider, and so are the caller's other headers
            headers = _PLAIN_HEADERS
        call = Call(method="GET", target=_MODELS, headers=headers, body=b"", timeouts=slot.timeouts())
        try:
            async with asyncio.timeout(10):
                reply = await slot.backend.call(call)
                try:
                    body = bytearray()
                    async for chunk in reply.chunks():
                        body += chunk
                        if len(body) > _MODEL_LIST_BYTES:
                            break
                finally:
                    await reply.close()
            listed = msgspec.json.decode(bytes(body)).get("data", []) if reply.status == 200 else []
        except (BackendError, TimeoutError, msgspec.DecodeError, AttributeError) as error:
            log.warning("backend %s lists no models: %s", slot.section.name, type(error).__name__)
            return []
        return [model for model in listed if isinstance(model, dict)]


class _Row:
    """The ledger row of a passed-through call. Its usage is not read, so its cost is unknown and counted as none."""

    def __init__(self, services: Services, exchange: Exchange, slot: Slot) -> None:
        self.services = services
        self.exchange = exchange
        self.slot = slot
        self.status = 0
        self._settled = False
        self._at_us = time.time_ns() // 1000
        self.id = new_id("", self._at_us)
        services.ledger.opened(
            Opened(
                id=self.id,
                request_id=exchange.request_id,
                at_us=self._at_us,
                tenant=exchange.head.tenant,
                surface="passthrough",
                route=exchange.route,
                backend=slot.section.name,
                model="",
                requested_model="",
                stream=False,
                attempt=1,
                tags=exchange.wishes.tags,
            )
        )

    def settle(self, outcome: Any, *, client_gone: bool = False, error: str = "") -> None:
        if self._settled:
            return
        self._settled = True
        exchange = self.exchange
        exchange.outcome = outcome
        exchange.row_written = True
        elapsed_us = time.time_ns() // 1000 - self._at_us
        exchange.upstream_s += elapsed_us / 1e6
        self.services.metrics.attempt(self.slot.section.name, self.status)
        self.services.ledger.settled(
            Settled(
                id=self.id,
                request_id=exchange.request_id,
                kind="attempt",
                outcome=outcome,
                state="final",
                at_us=self._at_us,
                settled_at_us=self._at_us + elapsed_us,
                tenant=exchange.head.tenant,
                surface="passthrough",
                route=exchange.route,
                backend=self.slot.section.name,
                status=self.status,
                error=error,
                client_gone=client_gone,
                duration_us=elapsed_us,
                tags=exchange.wishes.tags,
                why={"path": exchange.path, "method": exchange.method, **exchange.why},
            )
        )


def _speaks(slot: Slot, headers: Pairs) -> bool:
    """Whether the backend's dialect is that of the caller. `/v1/models` is OpenAI's and Anthropic's and Google's path:
    the headers that their clients send tell them apart."""
    names = {name.lower() for name, _ in headers}
    if "x-goog-api-key" in names:
        return "gemini" in slot.dialects
    if not names.isdisjoint(("x-api-key", "anthropic-version")):
        return "anthropic" in slot.dialects
    return not {"openai", "responses"}.isdisjoint(slot.dialects)


async def _body(request: web.BaseRequest) -> AsyncIterator[bytes]:
    while chunk := await request.content.readany():
        yield chunk


def _marks(exchange: Exchange, slot: Slot) -> list[tuple[str, str]]:
    return [
        ("Cache-Status", cache_status_forward("bypass")),
        ("Halfpenny-Request-Id", exchange.request_id),
        ("Halfpenny-Served-By", f"{slot.section.name}/{slot.section.model or '-'}"),
    ]
