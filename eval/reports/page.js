"use strict";
// Every text of the run goes into the page as a text node; nothing is ever read as HTML.
(() => {
  const { rows, passages, names } = JSON.parse(document.getElementById("data").textContent);
  const list = document.getElementById("rows");
  const form = document.getElementById("filters");
  const count = document.getElementById("count");
  const all = [];

  function make(tag, attributes, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) element.setAttribute(name, value);
    element.append(...children.filter((child) => child !== null && child !== ""));
    return element;
  }

  const named = (table, key) => names[table][key] || key;

  // The little Markdown that answers have: bullets, tables, **bold**, escapes, [1] markers.
  function inline(text, open) {
    const parts = [];
    let at = 0;
    for (const found of text.matchAll(/\\([\\`*_[\]<>#|~$])|\[(\d{1,4})\]|\*\*(.+?)\*\*/g)) {
      parts.push(text.slice(at, found.index));
      at = found.index + found[0].length;
      if (found[1]) parts.push(found[1]);
      else if (found[3]) parts.push(make("strong", null, ...inline(found[3], open)));
      else {
        const button = make("button", { type: "button", class: "ref", "aria-label": `看引文 ${found[2]}` }, found[0]);
        button.addEventListener("click", () => open(found[2]));
        parts.push(button);
      }
    }
    return [...parts, text.slice(at)].filter(Boolean);
  }

  const cells = (line) => line.trim().replace(/^\||\|$/g, "").split(/(?<!\\)\|/).map((cell) => cell.trim());

  function table(lines, open) {
    const body = lines.filter((line) => !/^\|[\s:|-]+\|$/.test(line));
    return make("table", null, ...body.map((line, i) =>
      make("tr", null, ...cells(line).map((cell) => make(i ? "td" : "th", null, ...inline(cell, open))))));
  }

  function markdown(text, open) {
    const made = [];
    const lines = text.split("\n");
    for (let i = 0; i < lines.length; i += 1) {
      const line = lines[i].trim();
      const kin = (test) => { const from = i; while (i + 1 < lines.length && test(lines[i + 1])) i += 1; return lines.slice(from, i + 1); };
      if (line.startsWith("|")) made.push(table(kin((next) => next.startsWith("|")), open));
      else if (/^[-*] /.test(line)) made.push(make("ul", null, ...kin((next) => /^\s*[-*] /.test(next))
        .map((item) => make("li", null, ...inline(item.trim().slice(2), open)))));
      else if (line) made.push(make("p", null, ...inline(line, open)));
    }
    return made;
  }

  function passage(item) {
    const where = [item.title, item.source, item.page ? `第 ${item.page} 页` : ""].filter(Boolean).join(" · ");
    const quote = make("blockquote");
    if (item.before) quote.append("……");
    let before = [];
    for (const [text, cited, gold] of item.parts) {
      const begun = cited.filter((id) => !before.includes(id));
      before = cited;
      if (!cited.length && !gold) { quote.append(text); continue; }
      const kinds = [cited.length ? "cite" : "", gold ? "gold" : ""].filter(Boolean).join(" ");
      const mark = make("mark", { class: kinds, "data-ids": ` ${cited.join(" ")} ` });
      if (begun.length) mark.append(make("sup", null, begun.map((id) => `[${id}]`).join("")));
      mark.append(text);
      quote.append(mark);
    }
    if (item.behind) quote.append("……");
    const note = item.wrong ? make("p", { class: "missing" }, "这条引文与来源原文对不上：") : "";
    return make("div", { class: "passage" }, make("div", { class: "note" }, where), note, quote);
  }

  function answered(row, open) {
    const side = make("div", { class: "answer" }, make("h3", null, row.abstained ? "回答（拒答）" : "回答"));
    if (row.error) side.append(make("p", { class: "missing" }, `出错：${row.error}`));
    side.append(...markdown(row.answer, open));
    return side;
  }

  function gold(row) {
    const wanted = row.answerable ? "可回答" : row.either ? "资料无此答案：拒答或纠正说法都算对" : "资料无答案，应当拒答";
    const side = make("div", null, make("h3", null, "标注"), make("p", null, wanted));
    const facts = row.facts.map(([vital, text, missing]) => make("li", missing ? { class: "missing" } : null,
      `${missing ? "✗ 缺 " : vital && row.answer ? "✓ " : "· "}${text}${vital ? "" : "（非必要）"}`));
    if (facts.length) side.append(make("ul", { class: "facts" }, ...facts));
    if (row.must_not.length) side.append(make("p", { class: "note" }, `不得出现：${row.must_not.join("；")}`));
    const tags = [`题组 ${row.group}`, named("variants", row.variant), named("splits", row.split), row.regions.join("、")];
    side.append(make("p", { class: "note" }, tags.filter(Boolean).join(" · ")));
    return side;
  }

  function body(row) {
    const box = make("div", { class: "body" });
    const open = (id) => {
      box.querySelectorAll("mark.shown").forEach((mark) => mark.classList.remove("shown"));
      const found = box.querySelectorAll(`mark[data-ids~="${id}"]`);
      found.forEach((mark) => mark.classList.add("shown"));
      if (found.length) found[0].scrollIntoView({ block: "nearest" });
    };
    if (row.reasons.length) {
      box.append(make("div", { class: "why" }, make("h3", null, "为什么未通过"),
        make("ul", null, ...[...row.reasons, ...row.hints].map((reason) => make("li", null, reason)))));
    }
    if (row.history.length) {
      box.append(make("h3", null, "此前的对话"), ...row.history.map(([role, text]) =>
        make("div", { class: "turn" }, make("b", null, role === "user" ? "问　" : "答　"), text)));
    }
    const sources = make("div", { class: "sources" }, make("h3", null, "原文"));
    if (row.passages.length) {
      sources.append(make("p", { class: "note legend" }, make("mark", { class: "cite" }, "回答所引"),
        make("mark", { class: "gold" }, "标注所据"),
        make("mark", { class: "cite gold" }, "两者都有")));
    }
    sources.append(...(row.passages.length ? row.passages.map((number) => passage(passages[number])) : ["没有引文，标注也没有列原文。"]));
    box.append(make("div", { class: "sides" }, answered(row, open), gold(row), sources));
    return box;
  }

  function add(row) {
    const flip = { lost: "变错", won: "变对" }[row.flip];
    const summary = make("summary", null,
      make("span", { class: "mark" }, row.right ? "✓ 通过" : "✗ 未过"),
      make("span", { class: "id" }, row.id),
      make("span", { class: "tag" }, named("kinds", row.kind)),
      make("span", { class: "tag variant" }, named("variants", row.variant)),
      make("span", { class: "question" }, row.question, flip ? make("span", { class: "flip" }, flip) : ""),
      make("span", { class: "time" }, `${Math.round(row.seconds * 1000)} ms`));
    const element = make("details", { class: `row ${row.right ? "right" : "wrong"}`, "data-id": row.id }, summary);
    element.addEventListener("toggle", () => {
      if (element.open && element.childElementCount === 1) element.append(body(row));
    });
    const text = [row.id, row.question, row.answer, row.error, ...row.reasons, ...row.facts.map((fact) => fact[1])].join("\n");
    all.push({ row, element, text: text.toLowerCase() });
  }

  function choices(field, values, table) {
    const counts = new Map();
    for (const value of values) counts.set(value, (counts.get(value) || 0) + 1);
    const sorted = table ? [...counts] : [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
    for (const [value, n] of sorted) {
      form.elements[field].append(make("option", { value }, `${table ? named(table, value) : value}（${n}）`));
    }
  }

  function filter() {
    const wanted = Object.fromEntries(new FormData(form));
    const words = wanted.text.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    let wrong = 0;
    for (const { row, element, text } of all) {
      const fits = ["kind", "variant", "split"].every((field) => !wanted[field] || row[field] === wanted[field])
        && (!wanted.region || row.regions.includes(wanted.region))
        && (!wanted.verdict || (wanted.verdict === "lost" || wanted.verdict === "won" ? row.flip === wanted.verdict
          : row.right === (wanted.verdict === "right")))
        && words.every((word) => text.includes(word));
      element.hidden = !fits;
      shown += fits;
      wrong += fits && !row.right;
    }
    count.textContent = `显示 ${shown} / ${all.length} 题，其中未通过 ${wrong} 题`;
  }

  function openFromAddress() {
    let id;
    try { id = decodeURIComponent(location.hash.slice(1)); } catch { return; }
    const found = all.find(({ row }) => `q-${row.id}` === id);
    if (!found) return;
    if (found.element.hidden) { form.reset(); filter(); }
    found.element.open = true;
    found.element.scrollIntoView();
    found.element.firstElementChild.focus();
  }

  function move(step) {
    const shown = all.filter(({ element }) => !element.hidden).map(({ element }) => element.firstElementChild);
    const at = shown.indexOf(document.activeElement);
    const next = shown[at < 0 ? 0 : Math.min(shown.length - 1, Math.max(0, at + step))];
    if (next) next.focus();
  }

  [...rows].sort((a, b) => a.right - b.right).forEach(add);
  list.append(...all.map(({ element }) => element));
  choices("kind", rows.map((row) => row.kind), "kinds");
  choices("variant", rows.map((row) => row.variant), "variants");
  choices("split", rows.map((row) => row.split), "splits");
  choices("region", rows.flatMap((row) => row.regions));
  for (const [value, label] of [["lost", "变错"], ["won", "变对"]]) {
    if (rows.some((row) => row.flip === value)) form.elements.verdict.append(make("option", { value }, label));
  }
  form.addEventListener("input", filter);
  form.addEventListener("reset", () => setTimeout(filter));
  form.addEventListener("submit", (event) => event.preventDefault());
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.matches("input, select")) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (event.key === "/") { event.preventDefault(); form.elements.text.focus(); }
    if (event.key === "j") move(1);
    if (event.key === "k") move(-1);
  });
  addEventListener("hashchange", openFromAddress);
  filter();
  openFromAddress();
})();
