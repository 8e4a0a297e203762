"""Answers in the shapes of the specification, and its error (`systemError`)."""

import json
import logging
import uuid
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpResponse
from django.utils import translation
from django.utils.functional import Promise

MEDIA_TYPE = "application/json; charset=utf-8"
logger = logging.getLogger(__name__)


def answer(content: Any, status: int = 200) -> HttpResponse:
    """Content as JSON."""
    text = json.dumps(content, ensure_ascii=False, cls=DjangoJSONEncoder)
    made = HttpResponse(text, status=status, content_type=MEDIA_TYPE)
    made["Cache-Control"] = "no-store"
    return made


def fault(status: int, code: str, said: str | Promise) -> HttpResponse:
    """The specification's error: English where we have it, and in the caller's language; `traceId` stands in the log."""
    trace = uuid.uuid4().hex
    with translation.override("en"):
        english = str(said)
    logger.info("govstack %s %s %s", trace, status, code)
    return answer(
        {"traceId": trace, "code": code, "message": english, "localizedMessage": str(said)}, status=status
    )
