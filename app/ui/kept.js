// Choices that stay in this browser: light or dark, and the language of the page. Nothing of them is sent anywhere.
(function () {
  "use strict";
  const get = (name) => { try { return localStorage.getItem(`policyqa-${name}`); } catch { return null; } };
  const set = (name, value) => { try { localStorage.setItem(`policyqa-${name}`, value); } catch { /* a private window */ } };
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const chosen = () => (["light", "dark"].includes(get("theme")) ? get("theme") : "system");

  const paint = (theme) => document.body.classList.toggle("dark", theme === "dark" || (theme === "system" && system.matches));
  // Gradio paints by the system, or by ?__theme= in the address; a choice made here wins, whenever that happens.
  const hold = () => { if (chosen() !== "system") paint(chosen()); };
  const begin = () => {
    hold();
    new MutationObserver(hold).observe(document.body, { attributes: true, attributeFilter: ["class"] });
  };
  if (document.body) begin();
  else document.addEventListener("DOMContentLoaded", begin);

  document.addEventListener("change", (event) => {
    if (event.target.closest && event.target.closest("#pq-language")) set("language", event.target.value);
  });

  // What is being typed survives a reload, also the one that Gradio does when the server is back.
  const box = () => document.querySelector("#pq-question textarea");
  const draft = () => {
    if (box() && box().value) return box().value; // typed before the page was quite there
    try { return sessionStorage.getItem("policyqa-draft") || ""; } catch { return ""; }
  };
  window.addEventListener("pagehide", () => {
    if (box()) try { sessionStorage.setItem("policyqa-draft", box().value); } catch { /* a private window */ }
  });

  window.policyqaKept = {
    theme: (choice) => { set("theme", choice); paint(chosen()); },
    // The tab's conversation, for as long as the tab lives; another tab has its own.
    remember: (id) => { if (id) try { sessionStorage.setItem("policyqa-conversation", id); } catch { /* a private window */ } },
    conversation: () => { try { return sessionStorage.getItem("policyqa-conversation") || ""; } catch { return ""; } },
    // What the controls show when the page has loaded: [theme, language, what was being typed].
    read: () => {
      const language = get("language") === "en" ? "en" : "zh";
      document.documentElement.lang = language === "en" ? "en" : "zh-CN";
      return [chosen(), language, draft()];
    },
  };
})();
