"""The site, whose web process dies at the step of an act that the request's header Die-At names."""

from django.core.wsgi import get_wsgi_application

from .crash import die_at

site = get_wsgi_application()


def application(environ, start_response):
    if step := environ.get("HTTP_DIE_AT"):
        die_at(step)
    return site(environ, start_response)
