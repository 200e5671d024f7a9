"""problem+json (RFC 9457): the API's answer when it refuses."""

from flask import Response, request

from server.kit import answers

MEDIA_TYPE = "application/problem+json"
WITHOUT_PAGES = ("/api/", "/metrics", "/healthz", "/readyz")


def wanted() -> bool:
    """Say whether this request is answered by a problem rather than by a page."""
    return request.path.startswith(WITHOUT_PAGES)


def problem(status: int, code: str, title: str, detail: str, **more: object) -> Response:
    """Return the problem; `code` is stable for machines, `detail` is the sentence for people."""
    content = {
        "type": f"urn:cryokeep:problem:{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "code": code,
        **{name: value for name, value in more.items() if value is not None},
    }
    return answers.json(content, status, MEDIA_TYPE)
