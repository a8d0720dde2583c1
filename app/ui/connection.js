// What a tab remembers for the case that it is loaded anew: its conversation, and a question not yet sent. Gradio loads
// the page again by itself once a lost server answers; its one sentence on that is English, so it is said in ours.
(function () {
  "use strict";
  const CONVERSATION = "pq-conversation";
  const DRAFT = "pq-draft";
  const LOST = "Connection to the server was lost";
  const box = () => document.querySelector("#pq-question textarea");
  const remember = (key, value) => {
    try {
      if (value) sessionStorage.setItem(key, value);
      else sessionStorage.removeItem(key);
    } catch (error) {
      // a browser that stores nothing: the tab starts afresh, the history still has all
    }
  };
  const remembered = (key) => {
    try {
      return sessionStorage.getItem(key) || "";
    } catch (error) {
      return "";
    }
  };
  // [conversation, language] of the tab as it is loaded; the language may have been chosen in an earlier visit.
  window.pqTab = (language) => [
    remembered(CONVERSATION),
    window.policyqaKept ? window.policyqaKept.read()[1] : language,
  ];

  addEventListener("pagehide", () => box() && remember(DRAFT, box().value.trim()));

  let restored = false;
  const restoreDraft = () => {
    if (restored || !box()) return;
    restored = true;
    const draft = remembered(DRAFT);
    if (!draft || box().value) return;
    box().value = draft;
    box().dispatchEvent(new Event("input", { bubbles: true }));
  };

  let shown = "";
  const noteConversation = () => {
    const pane = document.getElementById("pq-sources");
    const mark = pane && pane.querySelector("[data-conversation]");
    const now = mark ? mark.dataset.conversation : pane && pane.querySelector(".pq-empty") ? "" : shown;
    if (now === shown) return;
    shown = now;
    remember(CONVERSATION, now);
  };

  const sayLost = () => {
    document.querySelectorAll(".toast-body").forEach((toast) => {
      const walker = document.createTreeWalker(toast, NodeFilter.SHOW_TEXT);
      const texts = [];
      while (walker.nextNode()) texts.push(walker.currentNode);
      const message = texts.find((node) => node.data.includes(LOST));
      if (!message) return;
      const words = PQ_WORDS[document.documentElement.lang === "en" ? "en" : "zh"];
      message.data = PQ_WORDS.kept ? words.connection_lost : words.connection_lost_unkept;
      const title = texts.find((node) => node.data.trim() === "Error");
      if (title) title.data = words.connection_title;
    });
  };

  // A session that has ended: the page asks to sign in, and has its conversation and draft again afterwards.
  const asked = window.fetch;
  window.fetch = async (...request) => {
    const answer = await asked.apply(window, request);
    if (answer.status === 401 && answer.headers.get("www-authenticate")) location.assign("/login");
    return answer;
  };

  new MutationObserver(() => {
    restoreDraft();
    noteConversation();
    sayLost();
  }).observe(document.documentElement, { childList: true, subtree: true, characterData: true });
})();
