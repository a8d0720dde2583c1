// A plot is saved as a PNG picture: its SVG, with the colours and letters that it has on the page, drawn on a canvas.
(function () {
  "use strict";
  const SCALE = 2; // pixels for each of the picture's units
  const KEPT = ["fill", "stroke", "stroke-width", "font-family", "font-size", "font-weight", "color"];

  const standalone = (svg) => {
    const copy = svg.cloneNode(true);
    const [from, to] = [svg.querySelectorAll("*"), copy.querySelectorAll("*")];
    [svg, ...from].forEach((element, at) => {
      const style = getComputedStyle(element);
      const target = at === 0 ? copy : to[at - 1];
      KEPT.forEach((name) => target.style.setProperty(name, style.getPropertyValue(name)));
    });
    copy.querySelectorAll("a").forEach((link) => link.removeAttribute("href"));
    return new XMLSerializer().serializeToString(copy);
  };

  const background = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (colour && colour !== "transparent" && !/, 0\)$/.test(colour)) return colour;
    }
    return "#ffffff";
  };

  const save = (svg, name) => {
    const { width, height } = svg.viewBox.baseVal;
    const picture = new Image();
    picture.onload = () => {
      const canvas = document.createElement("canvas");
      canvas.width = width * SCALE;
      canvas.height = height * SCALE;
      const context = canvas.getContext("2d");
      context.fillStyle = background(svg);
      context.fillRect(0, 0, canvas.width, canvas.height);
      context.drawImage(picture, 0, 0, canvas.width, canvas.height);
      canvas.toBlob((blob) => {
        const link = document.createElement("a");
        link.href = URL.createObjectURL(blob);
        link.download = `${name || "policyqa"}.png`;
        link.click();
        setTimeout(() => URL.revokeObjectURL(link.href), 10000);
      }, "image/png");
    };
    picture.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(standalone(svg))}`;
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest && event.target.closest(".pq-png");
    const svg = button && button.closest("figure").querySelector("svg");
    if (svg) save(svg, button.dataset.name);
  });
})();
