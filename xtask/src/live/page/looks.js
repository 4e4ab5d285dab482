(() => {
  const rgb = (text) => (text.match(/[\d.]+/g) || [0, 0, 0]).map(Number);
  const light = (color) => {
    const [r, g, b] = rgb(color).map((v) => { const s = v / 255; return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const paper = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const color = getComputedStyle(at).backgroundColor;
      if (rgb(color)[3] !== 0) return color;
    }
    return "rgb(255,255,255)";
  };
  const contrast = (a, b) => { const [x, y] = [light(a), light(b)].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05); };
  window.looks = {
    // The text that is hardest to read, and how hard.
    contrast: () => {
      let worst = { ratio: 21, text: "" };
      const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      while (walker.nextNode()) {
        const node = walker.currentNode.parentElement, text = walker.currentNode.data.trim();
        if (!text || !node.getClientRects().length || node.closest(".b-stale,.b-key,.b-spell,caption,#off")) continue;
        const style = getComputedStyle(node);
        const ratio = contrast(node.closest("svg") ? style.fill : style.color, paper(node));
        if (ratio < worst.ratio) worst = { ratio, text: `${node.tagName}.${node.className.baseVal ?? node.className}: ${text}` };
      }
      return worst;
    },
    paper: () => light(getComputedStyle(document.body).backgroundColor),
    // For each limit that is drawn: how far from where the axis says it belongs, pixels.
    levels: () => [...document.querySelectorAll("svg.b-lines")].flatMap((svg) => {
      const texts = [...svg.querySelectorAll(".b-axis text[text-anchor=end]")].filter((t) => t.textContent.includes("%"));
      const ticks = texts.map((t) => ({ y: Number(t.getAttribute("y")), value: parseFloat(t.textContent.replace("−", "-")) / 100 }));
      if (ticks.length < 2) return [];
      const [a, b] = [ticks[0], ticks[ticks.length - 1]];
      return [...svg.querySelectorAll(".b-level")].map((level) => {
        const value = Number(level.dataset.value);
        const wanted = a.y + (value - a.value) / (b.value - a.value) * (b.y - a.y);
        return { value, rule: level.dataset.rule, off: Math.abs(Number(level.querySelector("line").getAttribute("y1")) - wanted) };
      });
    }),
    // Whatever is wider than the window.
    wide: () => document.documentElement.scrollWidth - innerWidth,
    // What has the focus, and whether one sees it.
    focus: () => {
      const node = document.activeElement, style = getComputedStyle(node);
      return { tag: node.tagName, key: node.dataset.key || "", text: (node.textContent || "").trim().slice(0, 40),
        seen: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1 };
    },
  };
  return true;
})()
