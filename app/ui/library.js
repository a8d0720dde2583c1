// The library's uploads and work: files go up one request each, what becomes of them is asked for while anything goes on.
(function () {
  "use strict";
  const AT_ONCE = 2; // uploads at a time
  const rows = new Map(); // id -> what is shown of one upload or job; text is only ever set as text
  const queue = [];
  const seen = new Set(); // jobs whose end is known
  let sending = 0, timer = 0, serial = 0, removed = [], first = true;

  const zone = () => document.getElementById("pq-drop");
  const said = (name, values = {}) =>
    Object.entries(values).reduce((text, [key, value]) => text.replace(`{${key}}`, value), zone()?.dataset[name] || "");
  const lang = () => zone()?.dataset.lang || "zh";
  const ask = (method, path) => fetch(`/library/${path}?lang=${lang()}`, { method });
  const isOver = (row) => row.state === "done" || row.state === "failed" || row.state === "broken";

  const element = (tag, className, text) => {
    const made = document.createElement(tag);
    made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  };
  const button = (label, name, act) => {
    const made = element("button", "pq-small-button", label);
    made.type = "button";
    made.setAttribute("aria-label", `${label}: ${name}`.slice(0, 200));
    made.addEventListener("click", act);
    return made;
  };

  const draw = () => {
    const list = document.getElementById("pq-work");
    if (!list) return;
    const held = document.activeElement?.dataset?.act; // the keyboard's place survives
    list.replaceChildren(...[...rows.values()].map(drawRow));
    const gone = document.getElementById("pq-removed");
    const waiting = new Set([...rows.values()].map((row) => row.undo));
    const others = removed.filter((one) => !waiting.has(one.id));
    gone.hidden = !others.length;
    gone.querySelector("summary").textContent = said("removed", { count: others.length });
    gone.querySelector("ul").replaceChildren(...others.map((one) => {
      const item = element("li", "pq-work-row");
      const undo = button(said("undo"), one.title, () => bringBack(one.id));
      undo.dataset.act = `undo-${one.id}`;
      item.append(element("span", "pq-work-name", one.title), undo);
      return item;
    }));
    const counts = { done: 0, open: 0, failed: 0 };
    for (const row of rows.values()) counts[row.state === "done" ? "done" : isOver(row) ? "failed" : "open"] += 1;
    document.getElementById("pq-work-state").textContent = rows.size ? said("summary", counts) : "";
    document.getElementById("pq-work-clear").hidden = ![...rows.values()].some(isOver);
    if (held) document.querySelector(`[data-act="${held}"]`)?.focus();
  };

  const drawRow = (row) => {
    const item = element("li", `pq-work-row pq-work-${row.state}`);
    item.append(element("span", "pq-work-name", row.name));
    if (!isOver(row)) {
      const bar = document.createElement("progress");
      bar.setAttribute("aria-label", row.name.slice(0, 200));
      if (row.share != null) bar.value = row.share;
      item.append(bar);
    }
    item.append(element("span", "pq-work-text", row.text));
    if (row.state === "broken") item.append(mark(button(said("retry"), row.name, () => again(row)), `retry-${row.id}`));
    if (row.undo) item.append(mark(button(said("undo"), row.name, () => bringBack(row.undo)), `undo-${row.undo}`));
    return item;
  };
  const mark = (made, act) => { made.dataset.act = act; return made; };

  // A name's end holds its suffix; half a character pair cannot be sent.
  const nameOf = (file) => [...file.name].slice(-300).join("").replace(/\p{Surrogate}/gu, "_");

  const again = (row) => { Object.assign(row, { state: "waiting", text: said("queued"), share: null }); queue.push(row); send(); };

  const add = (files) => {
    for (const file of files) {
      const row = { id: `up-${++serial}`, name: file.name, file, state: "waiting", text: said("queued"), share: null };
      rows.set(row.id, row);
      if (file.size > Number(zone().dataset.limit)) Object.assign(row, { state: "failed", text: said("large") });
      else queue.push(row);
    }
    send();
  };

  const send = () => {
    while (sending < AT_ONCE && queue.length) upload(queue.shift());
    draw();
  };

  const upload = (row) => {
    sending += 1;
    const request = new XMLHttpRequest();
    const end = (change) => {
      sending -= 1;
      Object.assign(row, change);
      send();
    };
    row.text = said("uploading", { percent: 0 });
    request.upload.addEventListener("progress", (event) => {
      row.share = event.lengthComputable ? event.loaded / event.total : null;
      row.text = said("uploading", { percent: Math.round(100 * (row.share || 0)) });
      draw();
    });
    request.addEventListener("load", () => {
      let answer = {};
      try { answer = JSON.parse(request.responseText); } catch { /* no answer of ours: told as a broken connection */ }
      if (request.status === 200 && answer.id) {
        rows.delete(row.id); // from here on it is the server's job
        rows.set(answer.id, { id: answer.id, name: answer.name, state: "waiting", text: said("queued"), share: null });
        end({});
        poll();
      } else if (answer.error) end({ state: "failed", text: answer.error, share: null });
      else end({ state: "broken", text: said("broken"), share: null });
    });
    for (const event of ["error", "abort", "timeout"])
      request.addEventListener(event, () => end({ state: "broken", text: said("broken"), share: null }));
    const into = document.querySelector("#pq-library-into input")?.value; // shown where there are collections
    const place = into && into !== said("stated") ? `&collection=${encodeURIComponent(into)}` : "";
    request.open("PUT", `/library/files?name=${encodeURIComponent(nameOf(row.file))}&lang=${lang()}${place}`);
    request.send(row.file);
  };

  const bringBack = async (id) => {
    try {
      await ask("POST", `undo/${id}`);
      removed = removed.filter((one) => one.id !== id);
    } finally {
      poll();
    }
  };

  // Whatever is begun from now on is shown until it is cleared; of what was begun before, only what still goes on.
  const poll = async () => {
    clearTimeout(timer);
    if (!zone()) return;
    let open = false, changed = false;
    try {
      const told = await (await ask("GET", "work")).json();
      const known = new Set(told.jobs.map((job) => job.id));
      removed = told.removed;
      for (const job of told.jobs) {
        if (seen.has(job.id)) {
          if (rows.has(job.id)) rows.get(job.id).text = job.text; // the language may have changed
          continue;
        }
        if (isOver(job)) seen.add(job.id);
        else open = true;
        if (isOver(job) && first) continue;
        changed = changed || isOver(job);
        rows.set(job.id, job);
      }
      for (const row of rows.values()) {
        if (row.undo && !removed.some((one) => one.id === row.undo)) row.undo = "";
        if (!row.file && !isOver(row) && !known.has(row.id)) Object.assign(row, { state: "failed", text: said("restarted") });
      }
      first = false;
    } catch {
      open = true; // the server does not answer: it may again
    }
    draw();
    if (changed) document.dispatchEvent(new Event("pq-library-changed"));
    if (open) timer = setTimeout(poll, 700);
  };

  document.addEventListener("change", (event) => {
    if (event.target.id === "pq-files") { add([...event.target.files]); event.target.value = ""; }
  });
  const over = (event) => {
    if (![...(event.dataTransfer?.types || [])].includes("Files")) return;
    event.preventDefault(); // a file dropped beside the zone must not replace the page
    const inside = zone()?.contains(event.target);
    zone()?.classList.toggle("pq-over", Boolean(inside) && event.type === "dragover");
    if (event.type === "drop" && inside) add([...event.dataTransfer.files]);
  };
  for (const type of ["dragover", "dragleave", "drop"]) document.addEventListener(type, over);
  document.addEventListener("click", (event) => {
    if (event.target.id !== "pq-work-clear") return;
    for (const [id, row] of rows) if (isOver(row)) rows.delete(id);
    draw();
  });
  document.addEventListener("pq-library-work", poll);
  window.addEventListener("beforeunload", (event) => { if (sending) event.preventDefault(); });
})();
