// The admin's own script: parts of a page that refresh themselves, a recording one can click into, facts revealed on
// demand, and keys that do what the buttons do.
"use strict";

// -- parts that refresh themselves ----------------------------------------------------------------------------------

// An element with data-live-url shows what that address answers, asked for every data-live-every ms until the
// answer says (X-Call-Live: no) that nothing more will come.
function follow(element) {
    let shown = "";
    async function refresh() {
        if (document.hidden) return schedule();
        let response;
        try {
            response = await fetch(element.dataset.liveUrl, { credentials: "same-origin" });
        } catch {
            return schedule(); // The network is away; it may come back.
        }
        if (response.redirected) return; // Logged out: what is shown stays.
        if (response.ok) put(await response.text());
        if (response.ok || response.status >= 500) {
            if (response.headers.get("X-Call-Live") !== "no") schedule();
        }
    }
    function put(html) {
        const audio = element.querySelector("audio");
        const typing = element.contains(document.activeElement) && document.activeElement.matches("input, select, textarea");
        // A form's token differs each time. Equal text is left alone, so that a selection and the focus stay.
        const compared = html.replace(/name="csrfmiddlewaretoken" value="[^"]*"/g, "");
        if (compared === shown || typing || (audio && !audio.paused)) return;
        shown = compared;
        element.innerHTML = html;
        drawWaves(element);
        element.dispatchEvent(new Event("refreshed", { bubbles: true }));
    }
    function schedule() {
        setTimeout(refresh, Number(element.dataset.liveEvery));
    }
    schedule();
}

// -- the recording ----------------------------------------------------------------------------------------------------

const player = () => document.querySelector(".hw-audio");

// A [data-seek-ms] button plays the recording from that moment.
function playFrom(ms) {
    const audio = player();
    if (!audio) return;
    const go = () => {
        audio.currentTime = ms / 1000;
        audio.play().catch(() => {}); // Where the browser will not play unasked, the place is set all the same.
    };
    if (audio.readyState) return go();
    // Nothing is fetched before somebody listens: hearing a recording is recorded.
    audio.addEventListener("loadedmetadata", go, { once: true });
    audio.load();
    audio.preload = "auto";
}

// The line being heard is marked. `timeupdate` does not bubble, hence the capture below.
function mark(event) {
    const now = event.target.currentTime * 1000;
    for (const turn of document.querySelectorAll(".hw-turn")) {
        const heard = Number(turn.dataset.startMs) <= now && now < Number(turn.dataset.endMs);
        if (heard && !turn.classList.contains("hw-heard")) turn.scrollIntoView({ block: "nearest" });
        turn.classList.toggle("hw-heard", heard);
    }
    document.querySelectorAll(".hw-wave").forEach((wave) => drawWave(wave, now));
}

const shapes = new WeakMap(); // what the server said of each recording, by its element

async function drawWaves(within) {
    for (const wave of within.querySelectorAll(".hw-wave")) {
        const response = await fetch(wave.dataset.peaks, { credentials: "same-origin" }).catch(() => null);
        if (!response || !response.ok) {
            wave.hidden = true; // The file is gone; the player beside it says so.
            continue;
        }
        shapes.set(wave, await response.json());
        wave.setAttribute("aria-valuemax", Math.round(shapes.get(wave).ms / 1000));
        drawWave(wave, 0);
    }
}

function drawWave(wave, now) {
    const shape = shapes.get(wave);
    if (!shape) return;
    const canvas = wave.querySelector("canvas");
    const [width, height, dots] = [wave.clientWidth, wave.clientHeight, window.devicePixelRatio || 1];
    canvas.width = width * dots;
    canvas.height = height * dots;
    const pen = canvas.getContext("2d");
    pen.scale(dots, dots);
    const style = getComputedStyle(wave);
    const x = (ms) => (ms / Math.max(shape.ms, 1)) * width;
    for (const [row, side] of ["caller", "agent"].entries()) {
        pen.fillStyle = style.getPropertyValue(`--hw-${side}`);
        const middle = height * (row ? 0.75 : 0.25);
        shape[side].forEach((peak, index) => {
            const tall = Math.max((Math.sqrt(peak / 100) * height) / 2, 1);
            const left = x((index * 1000) / shape.per_s);
            pen.fillRect(left, middle - tall / 2, Math.max(width / shape[side].length - 0.5, 0.5), tall);
        });
    }
    pen.fillStyle = style.getPropertyValue("--hw-warn");
    for (const { ms } of JSON.parse(document.getElementById("hw-marks")?.textContent || "[]")) pen.fillRect(x(ms), 0, 2, height);
    pen.fillStyle = style.getPropertyValue("--hw-strong");
    pen.fillRect(x(now), 0, 1.5, height);
    const words = `${Math.floor(now / 60000)}:${String(Math.floor(now / 1000) % 60).padStart(2, "0")}`;
    wave.setAttribute("aria-valuenow", Math.round(now / 1000));
    wave.setAttribute("aria-valuetext", words);
}

function stepWave(event) {
    const by = { ArrowRight: 5, ArrowLeft: -5, PageDown: 30, PageUp: -30 }[event.key];
    if (!by || !event.target.matches(".hw-wave")) return;
    event.preventDefault();
    playFrom(Math.max((player().currentTime + by) * 1000, 0));
}

// -- facts --------------------------------------------------------------------------------------------------------------

async function reveal(button) {
    const token = document.querySelector("[name=csrfmiddlewaretoken]")?.value || button.dataset.token;
    const response = await fetch(button.dataset.reveal, {
        method: "POST",
        credentials: "same-origin",
        headers: { "X-CSRFToken": token },
    });
    if (!response.ok) return;
    const { shown } = await response.json();
    for (const element of document.querySelectorAll("[data-masked]")) {
        const text = shown[element.dataset.masked];
        if (text) element.textContent = text;
    }
    button.disabled = true;
    button.textContent = "Revealed, and recorded";
}

// -- keys ---------------------------------------------------------------------------------------------------------------

const isTyping = (element) => element.matches("input, select, textarea, [contenteditable]");

function press(event) {
    if ((event.ctrlKey || event.metaKey) && event.key === "Enter") return event.target.form?.requestSubmit();
    if (event.key === "Escape" && event.target.closest("details[data-key]")) return fold(event.target.closest("details"));
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    if (event.key === " " && player() && event.target === document.body) return toggle(event);
    const rows = [...document.querySelectorAll("[data-row]")];
    if (rows.length && (event.key === "j" || event.key === "k")) return moveRow(rows, event.key === "j" ? 1 : -1);
    const wanted = document.querySelector(`[data-key="${CSS.escape(event.key.toLowerCase())}"]`);
    if (!wanted) return;
    event.preventDefault();
    if (wanted.matches("details")) unfold(wanted);
    else wanted.click();
}

function unfold(details) {
    details.open = true;
    details.querySelector("select, textarea, button").focus();
}

function fold(details) {
    details.open = false;
    details.querySelector("summary").focus();
}

function toggle(event) {
    event.preventDefault();
    if (player().paused) playFrom(player().currentTime * 1000);
    else player().pause();
}

function moveRow(rows, by) {
    const at = rows.indexOf(document.activeElement);
    rows[Math.min(Math.max(at + by, 0), rows.length - 1)].focus();
}

function click(event) {
    const seek = event.target.closest("[data-seek-ms]");
    if (seek) playFrom(Number(seek.dataset.seekMs));
    const wave = event.target.closest(".hw-wave");
    if (wave && shapes.has(wave)) {
        const box = wave.getBoundingClientRect();
        playFrom(((event.clientX - box.left) / box.width) * shapes.get(wave).ms);
    }
    const revealing = event.target.closest("[data-reveal]");
    if (revealing) reveal(revealing);
}

document.querySelectorAll("[data-live-url]").forEach(follow);
document.addEventListener("click", click);
document.addEventListener("keydown", press);
document.addEventListener("keydown", stepWave);
document.addEventListener("timeupdate", mark, true);
document.addEventListener("change", (event) => event.target.matches("[data-submit]") && event.target.form.requestSubmit());
window.addEventListener("resize", () => document.querySelectorAll(".hw-wave").forEach((wave) => drawWave(wave, (player()?.currentTime || 0) * 1000)));
drawWaves(document);
