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

  window.policyqaKept = {
    theme: (choice) => { set("theme", choice); paint(chosen()); },
    // What the two controls show when the page has loaded: [theme, language].
    read: () => {
      const language = get("language") === "en" ? "en" : "zh";
      document.documentElement.lang = language === "en" ? "en" : "zh-CN";
      return [chosen(), language];
    },
  };
})();
