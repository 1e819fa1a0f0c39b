// Listening in: the server sends each second what both sides said, with its time in the call; the sound is played a
// little later, so that neither side's delay makes a hole.
"use strict";

const BEHIND_S = 2.5;
let socket = null;

// Mu-law (ITU-T G.711) to a float between -1 and 1.
function decoded(base64) {
    const bytes = atob(base64);
    const samples = new Float32Array(bytes.length);
    for (let i = 0; i < bytes.length; i++) {
        const byte = ~bytes.charCodeAt(i) & 0xff;
        const value = (((byte & 0x0f) << 3) + 0x84) << ((byte & 0x70) >> 4);
        samples[i] = (byte & 0x80 ? 0x84 - value : value - 0x84) / 32768;
    }
    return samples;
}

function listen(call) {
    stop();
    const audio = new AudioContext();
    let begun = null; // at which of the context's times the call's ms 0 would be played
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    socket = new WebSocket(`${scheme}//${location.host}/listen/${call}`);
    socket.context = audio;
    socket.onmessage = (event) => {
        for (const { at_ms, side, sound } of JSON.parse(event.data).sounds) {
            const samples = decoded(sound);
            if (!samples.length) continue;
            begun ??= audio.currentTime + BEHIND_S - at_ms / 1000;
            const buffer = audio.createBuffer(1, samples.length, 8000);
            buffer.copyToChannel(samples, 0);
            const source = new AudioBufferSourceNode(audio, { buffer });
            source.connect(new StereoPannerNode(audio, { pan: side === "caller" ? -0.6 : 0.6 })).connect(audio.destination);
            const when = begun + at_ms / 1000;
            if (when >= audio.currentTime) source.start(when);
            document.body.dataset.heardMs = Number(document.body.dataset.heardMs || 0) + samples.length / 8;
        }
    };
    socket.onclose = stop;
    show(call);
}

function stop() {
    if (!socket) return;
    const old = socket;
    socket = null;
    old.close();
    old.context.close();
    show(null);
}

function show(call) {
    const bar = document.querySelector(".hw-listening");
    bar.hidden = call === null;
    bar.querySelector("b").textContent = call ? `#${call}` : "";
}

document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-listen]");
    if (button) listen(button.dataset.listen);
    if (event.target.closest("[data-stop-listening]")) stop();
});
