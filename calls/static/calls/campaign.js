// A campaign's live page: what the server sends takes the place of what is shown, and the buttons follow the state.
"use strict";

function watch(element) {
    const link = document.getElementById("campaign-link");
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    let wait = 1000;
    function connect() {
        const socket = new WebSocket(`${scheme}://${location.host}${element.dataset.campaignLive}`);
        socket.addEventListener("message", (event) => {
            const told = JSON.parse(event.data);
            wait = 1000;
            link.textContent = "";
            element.innerHTML = told.html;
            follow(told.state);
        });
        socket.addEventListener("close", (event) => {
            if (event.code >= 4400 && event.code < 4500) return; // Logged out, or the campaign is gone.
            link.textContent = "Not connected; what is shown may be old.";
            setTimeout(connect, wait);
            wait = Math.min(wait * 2, 15000);
        });
    }
    connect();
}

function follow(state) {
    for (const form of document.querySelectorAll("#campaign-moves form")) {
        form.hidden = !form.dataset.when.split(" ").includes(state);
    }
}

document.querySelectorAll("[data-campaign-live]").forEach(watch);
