// What a reader does in the chat: the buttons of messages, copying with notes, keys, hovering; and what screen readers hear.
(function () {
  "use strict";
  const word = (key) => PQ_WORDS[document.documentElement.lang === "en" ? "en" : "zh"][key];
  const visible = (css) => [...document.querySelectorAll(css)].find((element) => element.offsetParent !== null);
  const question = () => document.querySelector("#pq-question textarea");

  // A live region of our own: Gradio's log would read a whole answer again at each of its sentences.
  const live = document.createElement("div");
  live.setAttribute("role", "status");
  live.style.cssText = "position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap";
  live.id = "pq-live";
  const say = (text) => { live.textContent = text; };

  let stage = "";
  const tell = () => {
    const now = document.querySelector("#pq-chat .pq-now");
    if (now && now.textContent !== stage) {
      stage = now.textContent;
      say(stage);
    } else if (!now && stage) {
      stage = "";
      const all = document.querySelectorAll("#pq-chat :is(.pq-answer, .pq-error)");
      if (all.length) say(`${word("js_done")} ${parts(all[all.length - 1]).lines.join(" ")}`);
    }
  };

  // Gradio names each message by its own HTML, and the log in English.
  const name = () => {
    document.querySelectorAll('#pq-chat [role="log"]').forEach((log) => {
      if (log.getAttribute("aria-live") !== "off") log.setAttribute("aria-live", "off");
      if (log.getAttribute("aria-label") !== word("js_chat")) log.setAttribute("aria-label", word("js_chat"));
    });
    document.querySelectorAll("#pq-chat .message [aria-label*='message:']").forEach((message) => {
      message.setAttribute("aria-label", word(message.querySelector(".pq-question") ? "js_question" : "js_answer"));
    });
    document.querySelectorAll("#pq-chat .pq-do:is([name=up], [name=down])").forEach((thumb) => {
      const on = String(thumb.classList.contains("pq-on"));
      if (thumb.getAttribute("aria-pressed") !== on) thumb.setAttribute("aria-pressed", on);
    });
  };

  let due = false;
  const watch = () => {
    if (due) return;
    due = true;
    requestAnimationFrame(() => {
      due = false;
      if (!live.isConnected) document.body.append(live);
      name();
      tell();
    });
  };
  new MutationObserver(watch).observe(document.documentElement, {
    childList: true, subtree: true, attributes: true, attributeFilter: ["aria-label", "lang"],
  });

  // Copying: the answer as read, then its notes; as plain text, and as HTML for a word processor.
  const parts = (answer) => {
    const copy = answer.cloneNode(true);
    copy.querySelectorAll(".pq-foot, .pq-ok, .pq-stages, .pq-bar, .pq-notes").forEach((extra) => extra.remove());
    copy.querySelectorAll(".pq-tag").forEach((tag) => tag.replaceWith(`（${tag.textContent}）`));
    copy.querySelectorAll("a.pq-cite").forEach((link) => link.replaceWith(link.textContent));
    const lines = [];
    for (const block of copy.children) {
      if (block.matches("ul")) for (const item of block.children) lines.push(`- ${item.textContent}`);
      else if (block.matches(".pq-table"))
        block.querySelectorAll("tr").forEach((row) => lines.push([...row.cells].map((cell) => cell.textContent).join("\t")));
      else lines.push(block.textContent);
    }
    return { lines: lines.map((line) => line.trim()).filter(Boolean), html: copy.innerHTML };
  };

  const byEvent = (plain, html) => {
    let done = false;
    const put = (event) => {
      event.preventDefault();
      event.clipboardData.setData("text/plain", plain);
      event.clipboardData.setData("text/html", html);
      done = true;
    };
    document.addEventListener("copy", put, { once: true });
    document.execCommand("copy");
    document.removeEventListener("copy", put);
    return done;
  };

  const copy = async (button) => {
    const message = button.closest(".message");
    const notes = [...message.querySelectorAll(".pq-notes li")];
    const { lines, html } = parts(message.querySelector(".pq-answer"));
    const plain = [...lines, ...(notes.length ? ["", ...notes.map((note) => note.textContent)] : [])].join("\n");
    const rich = html + notes.map((note) => `<p>${note.innerHTML}</p>`).join("");
    let done;
    try {
      const blob = (type, text) => new Blob([text], { type });
      const both = { "text/plain": blob("text/plain", plain), "text/html": blob("text/html", rich) };
      await navigator.clipboard.write([new ClipboardItem(both)]);
      done = true;
    } catch {
      done = byEvent(plain, rich); // no such clipboard: an old browser, or a page that is not on this machine
    }
    say(word(done ? "js_copied" : "js_copy_failed"));
    if (!done) return;
    const label = button.textContent;
    button.textContent = `✓ ${word("js_copied")}`;
    setTimeout(() => { button.textContent = label; }, 1600);
  };

  const focus = (css, tries = 40) => {
    const field = visible(css);
    if (field) {
      field.focus();
      if (field.setSelectionRange) field.setSelectionRange(field.value.length, field.value.length);
    } else if (tries) setTimeout(() => focus(css, tries - 1), 50);
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest && event.target.closest("button.pq-do");
    if (!button) return;
    const key = button.value;
    if (button.name === "copy") copy(button);
    else if (button.name === "again") window.policyqaAct("submit", { key });
    else window.policyqaAct("select", { do: button.name, key });
    if (button.name === "edit") focus("#pq-ask:has(#pq-question) textarea, #pq-question textarea");
    if ((button.name === "up" || button.name === "down") && !button.classList.contains("pq-on"))
      focus("#pq-reason-text :is(input, textarea)");
  });

  // Keys. An input method's own Enter and Escape are left to it.
  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.keyCode === 229 || event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = event.target.closest && event.target.closest("input, textarea, select, [contenteditable=true]");
    if (event.key === "Escape") {
      const way = visible("#pq-stop") || visible("#pq-editing-cancel") || visible("#pq-reason-close");
      if (way) { way.click(); focus("#pq-question textarea"); }
    } else if (event.key === "/" && !typing && visible("#pq-question textarea")) {
      event.preventDefault();
      question().focus();
    } else if (event.key === "ArrowUp" && event.target === question() && !question().value) {
      const all = document.querySelectorAll("#pq-chat .pq-do[name=edit]");
      if (all.length) { event.preventDefault(); all[all.length - 1].click(); }
    }
  });

  // A number under the pointer, or reached by Tab, shows which source it is.
  const light = (event, on) => {
    const link = event.target.closest && event.target.closest("a.pq-cite");
    const card = link && document.getElementById(link.getAttribute("href").slice(1));
    if (card) card.classList.toggle("pq-hover", on);
    const pane = card && card.closest("#pq-sources, #pq-compare-sources");
    if (card && on && pane && pane.scrollHeight > pane.clientHeight + 1) card.scrollIntoView({ block: "nearest" });
  };
  for (const [kind, on] of [["mouseover", true], ["mouseout", false], ["focusin", true], ["focusout", false]])
    document.addEventListener(kind, (event) => light(event, on));
})();
