"""The language of a request, and the words of templates and views in it."""

from collections.abc import Callable
from typing import cast

from flask import Flask, g, has_request_context, request
from jinja2 import pass_context
from jinja2.runtime import Context

from server.core.words import (
    LANGUAGES,
    SOURCE_LANGUAGE,
    counted,
    known,
    say,
    spoken_facts,
    translate,
)

COOKIE = "ck_language"


def language() -> str:
    """Return the request's language: the person's, else the cookie's, else the browser's."""
    if not has_request_context():
        return SOURCE_LANGUAGE
    if "language" not in g:
        g.language = _find()
    return str(g.language)


def gettext(template: str, /, **facts: object) -> str:
    """Return the sentence in the request's language."""
    return say(language(), template, **facts)


def ngettext(one: str, many: str, n: int) -> str:
    """Return the right form of the sentence in the request's language; facts are filled in later."""
    singular = n == 1 and language() == SOURCE_LANGUAGE
    return translate(language(), one if singular else many)


def _find() -> str:
    actor = g.get("actor")
    if actor is not None and actor.signed_in:
        return known(actor.language)
    if (chosen := request.cookies.get(COOKIE)) in LANGUAGES:
        return str(chosen)
    accepted = [tag.lower() for tag, _quality in request.accept_languages]
    first = next((tag for tag in accepted if tag.startswith(("zh", "en"))), "en")
    return "zh_Hans" if first.startswith("zh") else SOURCE_LANGUAGE


def install(app: Flask) -> None:
    """Give templates `_` and `ngettext`, which fill in facts themselves."""
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]  # the extension adds it
        lambda text: translate(language(), text), ngettext, newstyle=True
    )
    for name in ("gettext", "ngettext"):
        app.jinja_env.globals[name] = _speaking(
            cast("Callable[..., str]", app.jinja_env.globals[name])
        )


def _speaking(told: Callable[..., str]) -> Callable[..., str]:
    """Return Jinja's own function, with facts that are words said in the request's language."""

    @pass_context
    def said(context: Context, /, *templates: object, **facts: object) -> str:
        if len(templates) == 1:
            templates = (counted(language(), str(templates[0]), facts),)
        return told(context, *templates, **spoken_facts(language(), facts))

    return said
