// [n] in an answer lights up its card; the number on a card leads back to its place in the answer.
(function () {
  "use strict";
  const flash = (element) => {
    document.querySelectorAll(".pq-lit").forEach((other) => other.classList.remove("pq-lit"));
    element.classList.add("pq-lit");
  };

  const showCard = (id) => {
    const card = document.getElementById(id);
    if (!card) return; // still being written, or an exchange that has left the page
    const turn = card.closest(".pq-turn");
    if (turn) document.querySelectorAll(".pq-turn").forEach((other) => {
      other.classList.toggle("pq-shown", other === turn);
      other.classList.toggle("pq-away", other !== turn);
    });
    flash(card);
    const pane = card.closest("#pq-sources, #pq-compare-sources");
    // In its own scrolling pane the card moves there; on a narrow screen the whole page moves.
    const block = pane && pane.scrollHeight > pane.clientHeight + 1 ? "center" : "start";
    card.scrollIntoView({ behavior: "smooth", block });
    card.focus({ preventScroll: true });
  };

  const showMarker = (id) => {
    const marker = document.querySelector(`a.pq-cite[href="#${id.replace("cite-", "src-")}"]`);
    if (!marker) return;
    flash(marker);
    marker.scrollIntoView({ behavior: "smooth", block: "center" });
    marker.focus({ preventScroll: true });
  };

  document.addEventListener("click", (event) => {
    const link = event.target.closest && event.target.closest('a[href^="#src-"], a[href^="#cite-"]');
    if (!link) return;
    event.preventDefault();
    const id = link.getAttribute("href").slice(1);
    if (id.startsWith("src-")) showCard(id);
    else showMarker(id);
  });

  // A new answer's cards are read from the top, wherever the pane stood before.
  let newest = "";
  new MutationObserver(() => {
    const pane = document.getElementById("pq-sources");
    const turns = pane ? pane.querySelectorAll(".pq-turn") : [];
    const last = turns.length ? turns[turns.length - 1].dataset.turn : "";
    if (last !== newest) {
      newest = last;
      if (pane) pane.scrollTop = 0;
    }
  }).observe(document.documentElement, { childList: true, subtree: true });

  // Screen readers and fonts follow the page's language.
  document.addEventListener("change", (event) => {
    if (event.target.closest && event.target.closest("#pq-language"))
      document.documentElement.lang = event.target.value === "en" ? "en" : "zh-CN";
  });
  document.documentElement.lang = "zh-CN";
})();
