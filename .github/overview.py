"""Draw overview.png from the real thing: an annotator's page in Label Studio, the merged table, and the agreement.

Run it in a clone, with Chromium on this computer: ``python .github/overview.py``.
"""

from __future__ import annotations

import base64
import os
import shutil
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "tests")]

PAGE = """<!doctype html><meta charset="utf-8"><style>
body {{ margin: 0; padding: 24px; width: 1872px; background: #fff; color: #222; font: 17px/1.4 system-ui, sans-serif; }}
main {{ display: grid; grid-template-columns: 1180px 1fr; gap: 28px; }}
h2 {{ font-size: 21px; margin: 0 0 10px; }} section + section {{ margin-top: 18px; }}
img.page {{ width: 100%; border: 1px solid #bbb; border-radius: 8px; }}
img.plot {{ height: 268px; }}
table {{ border-collapse: collapse; font-size: 15px; width: 100%; }}
th, td {{ border-bottom: 1px solid #ddd; padding: 4px 10px; text-align: left; }}
</style><main>
<div><h2>Each annotator has a project: the picture beside its questions</h2><img class="page" src="{page}"></div>
<div><section><h2>Everybody's answers as one table</h2>{table}</section>
<section><h2>How far they agree</h2><img class="plot" src="{plot}"></section></div>
</main>"""


def draw(out: Path, scratch: Path) -> None:
    """Make a small study on a Label Studio of its own, and draw it.

    Args:
        out: The picture.
        scratch: A folder for the server's data.
    """
    os.environ["LSNB_STACK"] = str(scratch / "stack")
    from playwright.sync_api import sync_playwright
    from signing_in import sign_in

    import lsnb
    from lsnb.credentials import running_stack

    studio, bucket = lsnb.connect("local"), lsnb.open_bucket("local")
    table = lsnb.read_table(lsnb.demo.find_input("table", workdir=scratch), key="id")
    media = bucket.upload(table, path="path", name="{user}/{id}").table
    bucket.allow_origins([studio.browser_url])
    config = (
        lsnb.LabelConfig.image("uri")
        .choices("subject", ["person", "animal", "object", "texture", "space"], title="What does the photograph show?")
        .rating("quality", title="How good is it?")
        .textarea("why", title="What made you decide?")
        .columns()
    )
    study = studio.create_study(
        "Photographs",
        config,
        media[media["id"].str.len() == 4],
        key="id",
        annotators=["ana", "ben", "eva"],
        bucket=bucket,
    )
    lsnb.demo.simulate_annotators(study, seed=0)
    study.add_annotator("dora")
    answers = study.annotations()
    answers = answers[answers["annotator"] != "dora"]
    votes = lsnb.majority(answers, "subject").rename(columns={"value": "majority"})
    merged = lsnb.widen(answers, "subject").join(votes.set_index("item")["majority"]).reset_index()
    plot = lsnb.plots.agreement_matrix(lsnb.agreement(answers, "subject"))._repr_png_()
    stack = running_stack()
    assert stack is not None
    with sync_playwright() as playwright:
        program = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        context = browser.new_context(viewport={"width": 1366, "height": 768})
        context.add_cookies(sign_in(stack))  # type: ignore[arg-type]
        page = context.new_page()
        page.goto(study.projects.set_index("annotator").loc["dora", "url"])
        page.get_by_role("button", name="Label All Tasks").click()
        page.wait_for_function("document.querySelector('img[alt=image]')?.naturalWidth > 0")
        page.get_by_text("What made you decide?").wait_for()
        page.wait_for_timeout(1000)
        labelling = page.screenshot()
        page.set_viewport_size({"width": 1920, "height": 760})
        text = PAGE.format(page=_inside(labelling), plot=_inside(plot), table=merged.to_html(index=False, border=0))
        page.set_content(text)
        page.wait_for_function("[...document.images].every(i => i.complete)")
        page.screenshot(path=out, full_page=True)
        browser.close()
    lsnb.local.stop()


def _inside(picture: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(picture).decode("ascii")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        draw(HERE / "overview.png", Path(folder))
