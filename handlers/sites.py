"""Sites: web tracking and web push."""

from esputnik import requests
from esputnik.call import Action, Call, Repeat
from handlers.mapped import Event, Mapped, Options
from handlers.route import Route
from schemas.sites import (
    SITE_REGISTERED,
    WEBPUSH_SITE_REGISTERED,
    SiteRegistered,
    WebpushSiteRegistered,
)


def site_registered(event: Event[SiteRegistered], _options: Options) -> Mapped:
    """Register the site for web tracking; one that is registered already is fine."""
    domain = event.data["domain"]
    call = Call(
        action=Action.ADD_DOMAIN,
        intent="site.register",
        identity=event.identity,
        repeat=Repeat.SAFE,
        lanes=(_lane(domain),),
        request=requests.add_domain(domain),
        marks=frozenset({_mark(domain)}),
    )
    return Mapped((call,))


def webpush_site_registered(event: Event[WebpushSiteRegistered], _options: Options) -> Mapped:
    """Register the site for web push; a refusal is checked against our own list."""
    data = event.data
    call = Call(
        action=Action.ADD_WEBPUSH_DOMAIN,
        intent="webpush.register",
        identity=event.identity,
        repeat=Repeat.SAFE,
        lanes=(_lane(data["domain"]),),
        request=requests.add_webpush_domain(
            domain=data["domain"],
            worker_name=data["service_worker_name"],
            worker_path=data["service_worker_path"],
            worker_scope=data["service_worker_scope"],
        ),
        confirm=requests.list_webpush_domains(),
        marks=frozenset({_mark(data["domain"])}),
    )
    return Mapped((call,))


def _lane(domain: str) -> str:
    return f"d:{domain.lower()}"


def _mark(domain: str) -> str:
    return f"domain:{domain.lower().rstrip('/')}"


ROUTES = {
    "site.registered": Route(model=SITE_REGISTERED, handle=site_registered, topic="sites"),
    "webpush_site.registered": Route(
        model=WEBPUSH_SITE_REGISTERED, handle=webpush_site_registered, topic="sites"
    ),
}
