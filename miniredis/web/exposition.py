"""The pages of metrics-port: /metrics for Prometheus, and a word for people who come by."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import CollectorRegistry
from twisted.logger import Logger
from twisted.web.server import Request

from miniredis.web.site import Page, Tree, answer

OPENMETRICS_END: Final = b"# EOF\n"
_log = Logger(namespace="miniredis.web")

WELCOME = (
    b"<!doctype html><html lang=en><meta charset=utf-8><title>miniredis</title>"
    b"<p>This is a miniredis server. Prometheus reads <a href=/metrics>/metrics</a>.</p></html>\n"
)


class MetricsPage(Page):
    """A scrape, in the format the scraper asks for: Prometheus's text or OpenMetrics.

    `more` gives families that are text already.
    """

    isLeaf = True

    def __init__(self, registry: CollectorRegistry, more: Callable[[], bytes]) -> None:
        super().__init__()
        self.registry = registry
        self.more = more

    def render_GET(self, request: Request) -> bytes:
        try:
            encoder, content_type = choose_encoder(request.getHeader("accept") or "")
            text = encoder(self.registry)
            body = text.removesuffix(OPENMETRICS_END)
            text = body + self.more() + text[len(body) :]
        except Exception:
            _log.failure("a scrape failed")
            return answer(request, 500, "text/plain; charset=utf-8", b"The scrape failed; the log has the reason.\n")
        return answer(request, 200, content_type, text)


class Welcome(Page):
    """The page at /."""

    isLeaf = True

    def render_GET(self, request: Request) -> bytes:
        return answer(request, 200, "text/html; charset=utf-8", WELCOME)


def metrics_root(registry: CollectorRegistry, more: Callable[[], bytes]) -> Tree:
    """The tree of metrics-port."""
    root = Tree()
    root.putChild(b"", Welcome())
    root.putChild(b"metrics", MetricsPage(registry, more))
    return root
