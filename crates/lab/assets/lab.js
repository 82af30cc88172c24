// What a page does while it is open: shows the banner, and in a session its notices, terminal and unsaved files.
"use strict";

const byId = (id) => document.getElementById(id);
const session = document.body.dataset.session;
const at = (path) => `/sessions/${session}/${path}`;
const fileAt = (path) => at("files/" + path.split("/").map(encodeURIComponent).join("/"));

let outputFrom = 0;
let open = null;
let sent = Promise.resolve();
let shownState = byId("state") ? byId("state").textContent : null;
let shownFiles = "";

function showBanner(banner) {
  const place = byId("banner");
  place.hidden = !banner;
  if (banner && place.textContent !== banner.text) place.textContent = banner.text;
  if (banner) place.className = banner.level;
}

function showNotices(notices) {
  const place = byId("notices");
  if (place.children.length === notices.length) return;
  place.replaceChildren(...notices.map((notice) => {
    const item = document.createElement("li");
    item.className = notice.level;
    item.textContent = notice.text;
    return item;
  }));
}

function showFiles(files) {
  const key = JSON.stringify([files, open]);
  if (key === shownFiles) return;
  shownFiles = key;
  byId("files").replaceChildren(...files.map((file) => {
    const item = document.createElement("li");
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = file.path + (file.unsaved ? " •" : "");
    button.setAttribute("aria-current", String(file.path === open));
    button.addEventListener("click", () => openFile(file.path));
    item.append(button);
    return item;
  }));
}

async function openFile(path) {
  await flush();
  const answer = await fetch(fileAt(path));
  if (!answer.ok) return;
  open = path;
  byId("editing").textContent = path;
  byId("editor").disabled = false;
  byId("editor").value = pending.has(path) ? pending.get(path) : (await answer.json()).text;
  byId("editor").focus();
}

// Edited text goes to the server, which keeps it in memory until it is saved. Until the server has it, it is here.
const pending = new Map();
let waiting = null;

function flush() {
  clearTimeout(waiting);
  waiting = null;
  sent = sent.then(send);
  return sent;
}

async function send() {
  for (const [path, text] of [...pending]) {
    try {
      const answer = await fetch(fileAt(path), { method: "PUT", headers: { "content-type": "text/plain" }, body: text });
      if (!answer.ok) throw answer.status;
      if (pending.get(path) === text) pending.delete(path);
    } catch {
      byId("lost").hidden = false;
      if (waiting === null) waiting = setTimeout(flush, 1000);
    }
  }
}

function showSession(live) {
  if (shownState !== live.state && (shownState === "stopped") !== (live.state === "stopped")) {
    location.reload();
    return;
  }
  shownState = live.state;
  byId("state").textContent = live.state;
  showNotices(live.notices);
  if (live.state === "stopped") return;
  const count = live.unsaved.length;
  let words = count ? `${count} unsaved. ` : "";
  if (live.last_save) words += live.last_save.error ? `The last save failed: ${live.last_save.error}` : `Saved ${live.last_save.at}.`;
  byId("save-state").textContent = words;
  showFiles(live.files);
  if (live.output) {
    const output = byId("output");
    output.textContent += live.output;
    output.scrollTop = output.scrollHeight;
  }
  outputFrom = live.output_next;
}

async function look() {
  try {
    const answer = await fetch(session ? at(`live?output_from=${outputFrom}`) : "/live");
    if (answer.ok && (answer.headers.get("content-type") || "").includes("json")) {
      const live = await answer.json();
      byId("lost").hidden = true;
      byId("version").textContent = live.version;
      showBanner(live.banner);
      if (session) showSession(live);
    } else {
      byId("lost").hidden = false;
    }
  } catch {
    byId("lost").hidden = false;
  }
  setTimeout(look, 1000);
}

if (byId("editor")) {
  byId("editor").addEventListener("input", () => {
    pending.set(open, byId("editor").value);
    clearTimeout(waiting);
    waiting = setTimeout(flush, 250);
  });
  byId("new-file").addEventListener("submit", (event) => {
    event.preventDefault();
    openFile(event.target.elements.path.value);
    event.target.reset();
  });
  byId("terminal").addEventListener("submit", async (event) => {
    event.preventDefault();
    const command = event.target.elements.command.value;
    event.target.reset();
    await fetch(at("commands"), { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ command }) });
  });
  byId("save").form.addEventListener("submit", async (event) => {
    event.preventDefault();
    await flush();
    await fetch(at("save"), { method: "POST", redirect: "manual" });
  });
}
look();
