"""The API's own documentation, at /docs and /openapi.json."""

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


def test_every_operation_is_documented(client: Client) -> None:
    schema = client.get("/openapi.json").json()
    operations = {
        f"{method.upper()} {path}": operation
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
    }
    assert set(operations) == {
        "GET /",
        "POST /call-customer",
        "GET /calls",
        "GET /calls/{call_id}",
        "POST /verifications",
        "GET /verifications",
        "GET /verifications/{verification_id}",
        "POST /scripts",
        "GET /scripts/{name}",
        "GET /usage",
        "POST /campaigns",
        "GET /campaigns",
        "GET /campaigns/{campaign_id}",
        "POST /campaigns/{campaign_id}/people",
        "POST /campaigns/{campaign_id}/people/{upload_id}/import",
        "POST /campaigns/{campaign_id}/start",
        "POST /campaigns/{campaign_id}/schedule",
        "POST /campaigns/{campaign_id}/pause",
        "POST /campaigns/{campaign_id}/cancel",
        "GET /campaigns/{campaign_id}/results.csv",
        "POST /do-not-call",
        "GET /do-not-call/{phone}",
    }
    assert all(operation["summary"] and operation["description"] for operation in operations.values())
    assert operations["GET /calls"]["security"] == [{"BearerKey": []}, {"HeaderKey": []}]
    assert "security" not in operations["GET /"]
    assert schema["components"]["securitySchemes"] == {
        "BearerKey": {"type": "http", "scheme": "bearer"},
        "HeaderKey": {"type": "apiKey", "in": "header", "name": "x-api-key"},
    }


def test_the_documentation_page_loads_nothing_from_elsewhere(client: Client) -> None:
    page = client.get("/docs")
    assert page.status_code == 200
    assert b"/static/ninja/swagger-ui-bundle.js" in page.content
    assert b"//cdn" not in page.content
