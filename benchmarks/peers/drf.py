"""The list of cases as Django REST Framework would serve it: the same reads, scope, token and rate limit, its layers.

Only the benchmark of pages uses it; the product has no DRF.
"""

from typing import Any

from django.http import Http404
from django.urls import path
from rest_framework import authentication, exceptions, serializers, throttling
from rest_framework.parsers import JSONParser
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import APIView

from qipan.conf import wall
from qipan.kernel.accounts import limits
from qipan.kernel.accounts.queries import token_user
from qipan.kernel.flow import queries
from qipan.kernel.flow.queries import CaseFilters
from qipan.kernel.orgs.queries import reader_of
from qipan.portal.api.cases import PAGE, _units, case_line


class Token(authentication.BaseAuthentication):
    """`Authorization: Bearer …`, by the product's own tokens."""

    def authenticate(self, request: Any) -> tuple[Any, Any] | None:
        scheme, _blank, secret = request.headers.get("Authorization", "").partition(" ")
        found = token_user(secret) if scheme == "Bearer" else None
        if found is None:
            raise exceptions.AuthenticationFailed
        return found


class Bucket(throttling.BaseThrottle):
    """The product's bucket of the account."""

    def allow_request(self, request: Any, view: Any) -> bool:
        return limits.take(f"api:user:{request.user.pk}", limits.API_ACCOUNT)


class Asked(serializers.Serializer):
    """What a caller may ask for."""

    q = serializers.CharField(default="", allow_blank=True, max_length=200)
    flow = serializers.CharField(default="", allow_blank=True, max_length=60)
    state = serializers.CharField(default="", allow_blank=True, max_length=60)
    open_only = serializers.BooleanField(default=False)
    before = serializers.IntegerField(default=None, allow_null=True, min_value=1)


class CaseLine(serializers.Serializer):
    """A case in a list."""

    uuid = serializers.UUIDField()
    number = serializers.CharField()
    title = serializers.CharField()
    state = serializers.CharField()
    state_title = serializers.CharField()
    result = serializers.CharField()
    subject = serializers.IntegerField(allow_null=True)
    unit = serializers.CharField()
    opened_at = serializers.DateTimeField()
    due_on = serializers.DateField(allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)
    version = serializers.IntegerField()


class CasePage(serializers.Serializer):
    """A page of them."""

    cases = CaseLine(many=True)
    before = serializers.IntegerField(allow_null=True)


class CaseList(APIView):
    """The cases that the caller may see, newest first, 50 a page."""

    authentication_classes = (Token,)
    throttle_classes = (Bucket,)
    permission_classes = ()
    parser_classes = (JSONParser,)
    renderer_classes = (JSONRenderer,)

    def get(self, request: Any) -> Response:
        if "cases.read" not in request.auth.scopes:
            raise Http404
        reader = reader_of(request.user)
        wall.stand(reader.wall())
        asked = Asked(data=request.query_params)
        asked.is_valid(raise_exception=True)
        given = asked.validated_data
        filters = CaseFilters(
            flow=given["flow"],
            states=(given["state"],) if given["state"] else (),
            open_only=given["open_only"],
        )
        rows = queries.search_cases(reader, given["q"], filters, before=given["before"], limit=PAGE + 1)
        page, units = rows[:PAGE], _units(rows[:PAGE])
        body = {
            "cases": [case_line(row, units) for row in page],
            "before": page[-1].pk if len(rows) > PAGE else None,
        }
        return Response(CasePage(body).data)


urlpatterns = [path("api/v1/cases", CaseList.as_view())]
