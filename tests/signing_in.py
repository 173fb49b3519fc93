"""Signing a browser in to the embedded Label Studio."""

from __future__ import annotations

from typing import Any

import httpx

from lsnb.stack import Stack


def sign_in(stack: Stack) -> list[dict[str, Any]]:
    """Return the cookies of a browser signed in to the stack's Label Studio."""
    with httpx.Client(base_url=stack.url, follow_redirects=True) as client:
        client.get("/user/login/")
        client.post(
            "/user/login/",
            data={
                "email": stack.username,
                "password": stack.password,
                "csrfmiddlewaretoken": client.cookies["csrftoken"],
            },
            headers={"Referer": f"{stack.url}/user/login/"},
        )
        return [{"name": c.name, "value": c.value or "", "url": stack.url} for c in client.cookies.jar]
