"""Sites of the account."""

import re
from typing import Annotated, Required

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict

from schemas.described import described
from schemas.model import Model

_DOMAIN = re.compile(r"(?:(?i:https?)://)?[^\s/?#@\\:]{1,253}(?::[0-9]{1,5})?(?:/[^\s]*)?")
_PATH = re.compile(r"/(?:[^\s/?#]+/)*")
_WORKER = re.compile(r"[^\s/?#]{1,200}\.js")


def _domain(value: str) -> str:
    if not _DOMAIN.fullmatch(value) or "." not in value or not value.isprintable():
        raise PydanticCustomError("schema.range", "is not a domain such as shop.example.com")
    return value


def _path(value: str) -> str:
    if not _PATH.fullmatch(value) or not value.isprintable():
        raise PydanticCustomError("schema.range", "must start and end with a slash")
    return value


def _worker(value: str) -> str:
    if not _WORKER.fullmatch(value) or not value.isprintable():
        raise PydanticCustomError("schema.range", "must be a file name that ends with .js")
    return value


Domain = Annotated[str, AfterValidator(_domain), described("a host name, or an http or https URL")]
WorkerPath = Annotated[str, AfterValidator(_path), described("starts and ends with a slash")]
WorkerName = Annotated[str, AfterValidator(_worker), described("a file name that ends with .js")]


class SiteRegistered(TypedDict, total=False):
    """A site is to be registered for web tracking."""

    domain: Required[Domain]


class WebpushSiteRegistered(TypedDict, total=False):
    """A site is to be registered for web push.

    Source of the rules: docs.yespo.io/docs/how-send-web-push-notifications-website.
    """

    domain: Required[Domain]
    service_worker_name: Required[WorkerName]
    service_worker_path: Required[WorkerPath]
    service_worker_scope: Required[WorkerPath]


SITE_REGISTERED = Model(SiteRegistered)
WEBPUSH_SITE_REGISTERED = Model(WebpushSiteRegistered)
