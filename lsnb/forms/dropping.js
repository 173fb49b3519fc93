// Wires a drop zone to the hidden upload widget beside it. Runs once for each zone, as an image's onerror.
// The widget sends a whole file as one message, and Jupyter closes its connection at 10 MB: so files go in pieces,
// each as a small file of its own, and the next when the kernel has said that it kept the last.
(async (start) => {
    const zone = start.closest(".lsnb-drop-zone");
    const box = zone.closest(".lsnb-drop");
    if (!box || zone.dataset.wired) return;
    zone.dataset.wired = "yes";
    const said = zone.querySelector(".lsnb-drop-said");
    const PIECE = 4 * 1024 * 1024;
    const PATIENCE = 60000;

    // The widget's own file input is in no document: it shows itself when the button is clicked.
    const findInput = () => {
        const click = HTMLInputElement.prototype.click;
        let found = null;
        HTMLInputElement.prototype.click = function () { if (this.type === "file") found = this; };
        try {
            box.querySelector("button.widget-upload, .lsnb-drop-transport button, button.lsnb-drop-transport").click();
        } finally {
            HTMLInputElement.prototype.click = click;
        }
        return found;
    };
    const kept = (token) => new Promise((resolve, reject) => {
        const begun = Date.now();
        const look = () => {
            if ((box.querySelector(".lsnb-drop-kept") || {dataset: {}}).dataset.token === token) resolve();
            else if (Date.now() - begun > PATIENCE) reject(new Error("the notebook's kernel does not answer"));
            else setTimeout(look, 20);
        };
        look();
    });
    const send = async (input, file, run) => {
        const pieces = Math.max(1, Math.ceil(file.size / PIECE));
        for (let piece = 0; piece < pieces; piece++) {
            const token = [run, piece, pieces, file.size].join("-");
            const data = new DataTransfer();
            data.items.add(new File([file.slice(piece * PIECE, (piece + 1) * PIECE)], token + "-" + file.name));
            input.files = data.files;
            input.dispatchEvent(new Event("change"));
            await kept(token);
            said.textContent = `${file.name}: ${Math.round(100 * (piece + 1) / pieces)} %`;
        }
    };
    let queue = Promise.resolve();
    const take = (files) => {
        queue = queue.then(async () => {
            for (const file of files) {
                try {
                    await send(findInput(), file, Date.now().toString(36) + Math.random().toString(36).slice(2, 8));
                } catch (fault) {
                    said.textContent = `${file.name} was not sent: ${fault.message}. Try again.`;
                    return;
                }
            }
            said.textContent = "";
        });
    };
    zone.querySelector("input[type=file]").addEventListener("change", (event) => take([...event.target.files]));
    for (const name of ["dragenter", "dragover", "drop"]) {
        zone.addEventListener(name, (event) => { event.preventDefault(); event.stopPropagation(); });
    }
    zone.addEventListener("drop", (event) => take([...event.dataTransfer.files]));
})(this);
