// The document view: a drawer beside the chat, on a phone the whole screen. Any button.pq-open opens it at its sentence.
// What it shows comes from /source/... with everything escaped there; here only words of our own are set, as text.
(function () {
  "use strict";
  const NARROW = matchMedia("(max-width: 800px)");
  const language = () => (document.documentElement.lang === "en" ? "en" : "zh");
  const word = (key, values = {}) =>
    Object.entries(values).reduce((text, [name, value]) => text.replace(`{${name}}`, value), PQ_WORDS[language()][key]);
  let drawer = null; // the <dialog>, made at first use
  let openers = []; // the citations that next and previous go through
  let at = 0;
  let mode = "text"; // or "page": kept from one citation to the next
  let back = null; // what had the focus before
  let asked = 0; // counts requests: an answer that comes too late is dropped
  let wide = false;
  let near = null; // sees the reader come near an end of what is loaded

  const make = (tag, attributes = {}, text = "") => {
    const element = document.createElement(tag);
    Object.entries(attributes).forEach(([name, value]) => element.setAttribute(name, value));
    element.textContent = text;
    return element;
  };
  const part = (name) => drawer.querySelector(`.pq-view-${name}`);

  const build = () => {
    drawer = make("dialog", { id: "pq-viewer", "aria-labelledby": "pq-view-title", class: "pq-view" });
    const bar = make("div", { class: "pq-view-bar" });
    const button = (name, sign, action, key) => {
      const made = make("button", { type: "button", "data-action": name }, sign);
      if (key) made.setAttribute("aria-keyshortcuts", key);
      made.addEventListener("click", action);
      bar.append(made);
    };
    button("previous", "‹", () => move(-1), "ArrowLeft");
    bar.append(make("span", { class: "pq-view-position", role: "status" }));
    button("next", "›", () => move(1), "ArrowRight");
    bar.append(make("span", { class: "pq-view-space" }));
    button("wide", "⇔", widen);
    button("close", "✕", close, "Escape");
    drawer.append(bar, make("div", { class: "pq-view-body" }));
    drawer.addEventListener("keydown", onKey);
    drawer.addEventListener("click", onClick);
    drawer.addEventListener("cancel", (event) => (event.preventDefault(), close()));
    // Inside the container: there Gradio's colours and our narrow-screen rules apply.
    (document.querySelector(".gradio-container .contain") || document.body).append(drawer);
  };

  const label = () => {
    drawer.querySelectorAll("[data-action]").forEach((made) => {
      const name = made.dataset.action === "wide" && wide ? "narrow" : made.dataset.action;
      made.setAttribute("aria-label", word(`viewer_${name}`));
      made.title = word(`viewer_${name}`);
    });
    drawer.querySelector('[data-action="previous"]').disabled = at <= 0;
    drawer.querySelector('[data-action="next"]').disabled = at >= openers.length - 1;
    drawer.classList.toggle("pq-view-single", openers.length < 2);
    const position = openers.length > 1 ? word("viewer_position", { at: at + 1, count: openers.length }) : "";
    part("position").textContent = position;
  };

  const open = (opener) => {
    if (!drawer) build();
    const among = opener.closest("[data-pq-list], .pq-turn");
    openers = among ? [...among.querySelectorAll("button.pq-open")] : [opener];
    at = openers.indexOf(opener);
    if (!drawer.open) {
      back = opener;
      if (NARROW.matches) drawer.showModal();
      else drawer.show();
    }
    show();
  };

  const close = () => {
    if (!drawer || !drawer.open) return;
    drawer.close();
    const opener = openers[at] && openers[at].isConnected ? openers[at] : back;
    if (opener && opener.isConnected) opener.focus();
  };

  const widen = () => {
    wide = !wide;
    drawer.classList.toggle("pq-view-wide", wide);
    label();
  };

  const move = (step) => {
    if (at + step < 0 || at + step >= openers.length) return;
    at += step;
    show();
  };

  const query = (extra) => {
    const { start, end, sum, page } = openers[at].dataset;
    const given = { start, end, sum, page, lang: language(), ...extra };
    const kept = Object.entries(given).filter(([, value]) => value !== undefined && value !== "");
    return new URLSearchParams(kept).toString();
  };

  // The server's HTML, or null where it gave none (it is away, or another request has been made since).
  const fetched = async (path) => {
    const mine = ++asked;
    try {
      const reply = await fetch(path);
      const html = await reply.text();
      if (mine !== asked) return null;
      if (reply.ok || reply.status === 404) return html;
    } catch (error) {
      if (mine !== asked) return null;
    }
    failed();
    return null;
  };

  const failed = () => {
    const body = part("body");
    const again = make("button", { type: "button", class: "pq-more" }, word("viewer_retry"));
    again.addEventListener("click", show);
    body.replaceChildren(make("p", { class: "pq-note pq-warn", role: "alert" }, word("viewer_failed")), again);
    again.focus();
  };

  const show = async () => {
    label();
    const body = part("body");
    body.setAttribute("aria-busy", "true");
    const late = setTimeout(() => body.replaceChildren(make("p", { class: "pq-note" }, word("viewer_loading"))), 300);
    const html = await fetched(`/source/${encodeURIComponent(openers[at].dataset.doc)}?${query({})}`);
    clearTimeout(late);
    body.removeAttribute("aria-busy");
    if (html === null) return;
    body.innerHTML = html;
    watch();
    if (mode === "page" && body.querySelector(".pq-modes")) await turn(body.querySelector(".pq-modes").dataset.page, true);
    else settle();
  };

  // Bring the sentence into sight; its beginning has the focus, so that a screen reader reads on from there.
  const settle = () => {
    const body = part("body");
    const sheet = part("sheet");
    const mark = sheet && !sheet.hidden ? sheet.querySelector(".pq-box") : body.querySelector("mark");
    const target = mark || body.querySelector("#pq-view-title");
    if (!target) return;
    if (mark) mark.scrollIntoView({ block: "center" });
    else if (part("scroll")) part("scroll").scrollTop = 0; // a word on why there is no mark stands there
    target.setAttribute("tabindex", "-1");
    target.focus({ preventScroll: true });
  };

  const setMode = (wanted) => {
    mode = wanted;
    part("body")
      .querySelectorAll("[data-mode]")
      .forEach((made) => made.setAttribute("aria-pressed", String(made.dataset.mode === wanted)));
    part("text").hidden = wanted === "page";
    const sheet = part("sheet");
    if (sheet) sheet.hidden = wanted !== "page";
  };

  // Page n of the PDF, as a picture; it is asked for only when it is looked at.
  const turn = async (number, first) => {
    const modes = part("body").querySelector(".pq-modes");
    const { doc } = openers[at].dataset;
    const path = `/source/${encodeURIComponent(doc)}/page/${number}?${query({ cited: modes.dataset.page, page: "" })}`;
    const html = await fetched(path);
    if (html === null) return;
    let sheet = part("sheet");
    if (!sheet) {
      sheet = make("div", { class: "pq-view-sheet" });
      part("scroll").append(sheet);
    }
    sheet.innerHTML = html;
    setMode("page");
    if (first) settle();
    else part("scroll").scrollTop = 0;
  };

  const more = async (button) => {
    if (button.disabled) return;
    button.disabled = true;
    const { side, at: offset } = button.dataset;
    const body = part("scroll");
    const mine = asked; // not counted: several pieces may be under way
    try {
      const { doc } = openers[at].dataset;
      const reply = await fetch(`/source/${encodeURIComponent(doc)}/text?${query({ side, at: offset, page: "" })}`);
      const html = await reply.text();
      if (!reply.ok || mine !== asked || !button.isConnected) return;
      const height = body.scrollHeight;
      const focused = document.activeElement === button;
      const before = button.previousElementSibling;
      button.insertAdjacentHTML("afterend", html);
      const arrived = button.nextElementSibling;
      button.remove();
      if (side === "before") body.scrollTop += body.scrollHeight - height; // what is being read stays where it is
      if (focused) {
        const next = side === "before" ? part("text").firstElementChild : arrived || before;
        if (next) (next.setAttribute("tabindex", "-1"), next.focus({ preventScroll: side === "before" }));
      }
      watch();
    } catch (error) {
      // the server is away
    } finally {
      button.disabled = false; // where nothing came of it, it can be pressed again
    }
  };

  // Scrolling towards an end loads what comes next; not before the reader scrolls, so that opening costs one request.
  const watch = () => {
    if (near) near.disconnect();
    const body = part("scroll");
    if (!body) return; // no document, only a word on why
    near = new IntersectionObserver(
      (seen) => seen.filter((one) => one.isIntersecting).forEach((one) => (near.unobserve(one.target), more(one.target))),
      { root: body, rootMargin: "300px 0px" },
    );
    const start = () => body.querySelectorAll("button.pq-more[data-side]").forEach((button) => near.observe(button));
    ["wheel", "touchmove", "keydown", "pointerdown"].forEach((name) =>
      body.addEventListener(name, start, { once: true, passive: true }),
    );
  };

  const onKey = (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (event.key === "Escape") close();
    else if (event.key === "ArrowLeft") move(-1);
    else if (event.key === "ArrowRight") move(1);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  const onClick = (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.mode === "page") turn(part("body").querySelector(".pq-modes").dataset.page, true);
    else if (button.dataset.mode === "text") (setMode("text"), settle());
    else if (button.classList.contains("pq-turn-leaf")) turn(button.dataset.page, false);
    else if (button.dataset.side) more(button);
  };

  document.addEventListener("change", (event) => {
    if (drawer && drawer.open && event.target.closest && event.target.closest("#pq-language")) setTimeout(show);
  });

  document.addEventListener("click", (event) => {
    const opener = event.target.closest && event.target.closest("button.pq-open");
    if (opener) return open(opener);
    // With the view open, [n] in the answer moves it to that citation.
    const link = event.target.closest && event.target.closest('a[href^="#src-"]');
    if (!link || !drawer || !drawer.open) return;
    const card = document.getElementById(link.getAttribute("href").slice(1));
    const wanted = card && card.querySelector("button.pq-open");
    if (wanted) open(wanted);
  });
})();
