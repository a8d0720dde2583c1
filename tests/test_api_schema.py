"""The API does what its OpenAPI says, whatever is sent: schemathesis with all of its checks, good data and bad."""

import json

import pytest
import schemathesis
from api_server import NotingLibrary
from hypothesis import HealthCheck, reject, settings
from schemathesis.config import SchemathesisConfig

from app.api.app import make_v1
from app.api.limits import Bounds, Limits
from app.api.work import Work
from app.build import open_engine
from app.settings import Settings

# What fits the schema is read; 422 is kept for what can be read and is of no use (another language, an unreadable file).
# A number as a form's file is sent as the same bytes as a file that holds its digits.
CONFIG = {
    "checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", "404", "422"]}},
    "operations": [{"include-name": "POST /files", "checks": {"negative_data_rejection": {"enabled": False}}}],
}
RELAXED = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]


class Later:
    """Stands for what is opened after the tests are collected, for which the routes have to be known."""

    real = None

    def __getattr__(self, name):
        return getattr(self.real, name)


ENGINE, LIBRARY = Later(), Later()


def app_of_routes():
    from fastapi import FastAPI

    app = FastAPI(openapi_url=None)
    app.mount("/v1", make_v1(ENGINE, LIBRARY, Work(Bounds())))
    app.add_middleware(Limits)
    return app


schema = schemathesis.openapi.from_asgi(
    "/v1/openapi.json", app_of_routes(), config=SchemathesisConfig.from_dict(CONFIG)
)


@pytest.fixture(autouse=True, scope="module")
def opened(sample_store, tmp_path_factory):
    with open_engine(Settings(store=sample_store)) as engine:
        ENGINE.real, LIBRARY.real = engine, NotingLibrary(tmp_path_factory.mktemp("library"))
        yield


def check(case):
    """Call and validate; two halves of a sign, which JSON makes one of, are too long before and not after."""
    try:
        json.dumps(case.body, ensure_ascii=False, default=repr).encode()
    except UnicodeEncodeError:
        reject()
    case.call_and_validate()


@schema.parametrize()
@settings(max_examples=4, deadline=None, suppress_health_check=RELAXED)
def test_what_is_documented_holds(case):
    check(case)


@pytest.mark.full
@schema.parametrize()
@settings(max_examples=200, deadline=None, suppress_health_check=RELAXED)
def test_what_is_documented_holds_in_many_more_cases(case):
    check(case)
