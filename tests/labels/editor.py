"""Label Studio's own editor, drawing configs in a page without a project or a task."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page

# The editor is a lazy chunk of the app's bundle, whose ids change with each release: they are read from main.js.
LOAD = r"""
async () => {
  window.webpackChunklabelstudio.push([[Symbol()], {}, (r) => { window.lsnbRequire = r }]);
  const require = window.lsnbRequire;
  const source = await (await fetch('/react-app/main.js')).text();
  const pattern = /Promise\.all\(\[((?:\w+\.e\(\d+\),?)+)\]\)\.then\(\w+\.bind\(\w+,(\d+)\)\)/g;
  for (const [, chunks, module] of source.matchAll(pattern)) {
    await Promise.all([...chunks.matchAll(/e\((\d+)\)/g)].map((m) => require.e(Number(m[1]))));
    require(Number(module));
    if (window.LabelStudio) return true;
  }
  return false;
}
"""

DRAW = r"""
async ({config, task}) => {
  window.lsnbEditor?.destroy?.();
  document.body.innerHTML = '<div id="lsnb-editor"></div>';
  const problems = [];
  let giveUp;
  const failed = new Promise((done) => { giveUp = done; });
  const listen = (event) => { problems.push(String(event.message || event.reason)); giveUp(false); };
  window.addEventListener('error', listen);
  window.addEventListener('unhandledrejection', listen);
  let store = null;
  const ready = new Promise((done) => {
    window.lsnbEditor = new window.LabelStudio(document.getElementById('lsnb-editor'), {
      config, task: {id: 1, data: task, annotations: [], predictions: []},
      interfaces: ['controls', 'side-column', 'annotations:menu', 'predictions:menu'],
      user: {id: 1, firstName: 'A', lastName: 'B'},
      onStorageInitialized: (made) => {
        store = made.store ?? made;
        const annotation = store.annotationStore.addAnnotation({userGenerate: true});
        store.annotationStore.selectAnnotation(annotation.id);
        done(true);
      },
    });
  });
  const late = new Promise((done) => setTimeout(() => done(false), 15000));
  const started = await Promise.race([ready, failed, late]);
  if (!started && !problems.length) problems.push('the editor did not start');
  const tags = () => [...(store?.annotationStore.selected?.names.values() ?? [])];
  for (let i = 0; i < 30 && tags().some((tag) => tag.isReady === false); i++)
    await new Promise((done) => setTimeout(done, 100));
  // Two frames: React has drawn what the store holds.
  for (let i = 0; i < 2; i++) await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  const errors = (store?.annotationStore.validation ?? []).map((e) =>
    [e.error, e.modelName, e.field, String(e.value ?? ''), String(e.validType ?? '')].join(' '));
  window.removeEventListener('error', listen);
  window.removeEventListener('unhandledrejection', listen);
  return {
    errors: [...errors, ...problems],
    names: [...(store?.annotationStore.selected?.names.keys() ?? [])],
    waiting: tags().filter((tag) => tag.isReady === false).map((tag) => tag.name),
    text: document.getElementById('lsnb-editor').innerText,
  };
}
"""

MODELS = r"""
() => {
  const found = {};
  const visit = (tag) => {
    if (!tag?.$treenode) return;
    found[tag.type] = [...(found[tag.type] ?? []), ...Object.keys(tag.$treenode.type.properties ?? {})];
    for (const child of tag.children ?? []) visit(child);
  };
  const annotation = window.lsnbEditor.store.annotationStore.selected;
  visit(annotation.root);
  annotation.names.forEach(visit);
  return found;
}
"""


class Editor:
    """The editor of one page that is signed in to Label Studio."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self._open()

    def _open(self) -> None:
        self.page.goto(f"{self.url}/projects/")
        self.page.wait_for_function("() => window.webpackChunklabelstudio && window.APP_SETTINGS")
        assert self.page.evaluate(LOAD), "the editor is not in the bundle"
        self._is_fresh = True

    def draw(self, config: str, task: dict[str, Any]) -> dict[str, Any]:
        """Return ``errors`` (of the config, and of scripts), ``names`` (of tags drawn) and the ``text`` shown."""
        if not self._is_fresh:
            self._open()
        drawn: dict[str, Any] = self.page.evaluate(DRAW, {"config": config, "task": task})
        # Media that play together go on sending messages after their editor (1.23.2) is gone, and then fail.
        self._is_fresh = "sync=" not in config and not drawn["errors"]
        return drawn

    def models(self) -> dict[str, list[str]]:
        """Return tag → the attributes its model has, in lower case, for the config drawn last."""
        found: dict[str, list[str]] = self.page.evaluate(MODELS)
        return found
