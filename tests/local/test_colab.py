"""The same call in Colab: shown through its port proxy, media streamed by Label Studio."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from lsnb import local
from lsnb.stack import Stack, load_stack

STAND_IN = Path(__file__).parent / "colab"


def in_colab(code: str) -> str:
    said = subprocess.run(
        [sys.executable, "-c", f"import google.colab\n{code}"],
        env={**os.environ, "PYTHONPATH": str(STAND_IN)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stderr
    return said.stdout


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack that was started outside the notebook, as by a command in a cell."""
    folder = tmp_path_factory.mktemp("colab") / "stack"
    yield local.start(folder=folder)
    local.stop(folder=folder, delete=True)


@pytest.fixture(scope="module")
def colab(plain: Stack) -> Stack:
    said = in_colab(
        "from lsnb import local\n"
        f"first, second = local.start(folder={plain.folder!r}), local.start(folder={plain.folder!r})\n"
        "print(first == second)"
    )
    assert said.strip() == "True"
    stack = load_stack(Path(plain.folder))
    assert stack is not None
    return stack


@pytest.mark.slow
def test_browser_s_address_is_the_proxy_s_and_nothing_is_presigned(colab: Stack) -> None:
    port = colab.url.rpartition(":")[2]
    assert colab.browser_url == f"https://m-s-stand-in-{port}-colab.googleusercontent.com"
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", colab.url)
    assert colab.presign is False
    reply = requests.get(f"{colab.url}/api/projects", headers={"Authorization": f"Token {colab.api_key}"})
    assert reply.status_code == 200, "the kernel still talks to the machine's own address"


@pytest.mark.slow
def test_media_addresses_lead_through_the_proxy(colab: Stack) -> None:
    session = requests.Session()
    session.headers["Authorization"] = f"Token {colab.api_key}"
    config = '<View><Image name="i" value="$image"/><Choices name="c" toName="i"><Choice value="a"/></Choices></View>'
    project = session.post(f"{colab.url}/api/projects", json={"title": "Colab", "label_config": config}).json()["id"]
    from stack_tools import client_of

    client_of(colab).bucket(colab.bucket).blob("a.png").upload_from_string(b"png", content_type="image/png")
    storage = {
        "project": project,
        "bucket": colab.bucket,
        "presign": False,
        "title": "streamed",
        "google_application_credentials": json.dumps(colab.service_account),
    }
    assert session.post(f"{colab.url}/api/storages/gcs/", json=storage).status_code == 201
    imported = session.post(
        f"{colab.url}/api/projects/{project}/import?return_task_ids=true",
        json=[{"data": {"image": f"gs://{colab.bucket}/a.png"}}],
    ).json()
    task = session.get(f"{colab.url}/api/tasks/{imported['task_ids'][0]}").json()
    assert task["data"]["image"].startswith(f"{colab.browser_url}/tasks/")
    media = session.get(task["data"]["image"].replace(colab.browser_url, colab.url), allow_redirects=False)
    assert (media.status_code, media.content) == (200, b"png")


def test_sign_in_works_behind_the_proxy(colab: Stack) -> None:
    """Colab's page is https on another site, and Label Studio sees plain http."""
    page = requests.get(f"{colab.url}/user/login/")
    cookie = page.headers["Set-Cookie"]
    assert "Secure" in cookie
    assert "SameSite=None" in cookie
    token = re.search(r"csrftoken=([^;]+)", cookie)[1]

    def sign_in(origin: str) -> requests.Response:
        return requests.post(
            f"{colab.url}/user/login/",
            data={"email": colab.username, "password": colab.password, "csrfmiddlewaretoken": token},
            headers={"Origin": origin, "Referer": f"{origin}/user/login/", "Cookie": f"csrftoken={token}"},
            allow_redirects=False,
        )

    signed_in = sign_in(colab.browser_url)
    assert signed_in.status_code == 302
    assert "sessionid=" in signed_in.headers["Set-Cookie"]
    assert "127.0.0.1" not in signed_in.headers["Location"]
    assert sign_in("https://elsewhere.example").status_code == 403
    assert "X-Frame-Options" not in page.headers, "Colab shows it in a frame"


@pytest.mark.slow
def test_command_in_a_cell_leaves_the_notebook_s_stack_as_it_is(colab: Stack) -> None:
    """A process beside the notebook's cannot ask the browser for the address."""
    assert local.start(folder=Path(colab.folder)) == colab


@pytest.mark.slow
def test_plain_stack_is_shown_in_colab_from_then_on(plain: Stack, colab: Stack) -> None:
    assert (plain.browser_url, plain.presign) == (plain.url, True)
    assert (colab.url, colab.api_key, colab.password) == (plain.url, plain.api_key, plain.password)
    assert colab.processes[1:] == plain.processes[1:], "the bucket went on"


def test_stand_in_raises_what_the_real_one_raises() -> None:
    said = in_colab(
        "import os\n"
        "from lsnb.kernel import runtime\n"
        "from lsnb.errors import CredentialsError\n"
        'os.environ[\'COLAB_SECRETS\'] = \'{"KEY": "text", "LOCKED": "!locked", "SLOW": "!slow"}\'\n'
        "print(runtime.where(), *map(runtime.colab_secret, ['KEY', 'NONE', 'SLOW']))\n"
        "try: runtime.colab_secret('LOCKED')\n"
        "except CredentialsError as error: print('LOCKED' in str(error))\n"
    )
    assert said.split() == ["colab", "text", "None", "None", "True"]
