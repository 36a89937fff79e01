// Plots take the colours of the page, which follow the light or dark theme of the reader.
const dress = (model) => {
  const [ink, quiet, line] = ["--ink", "--quiet", "--line"].map(css);
  if (model.type.endsWith("Axis")) {
    model.setv({ axis_label_text_color: quiet, major_label_text_color: quiet, axis_line_color: line, major_tick_line_color: line });
  } else if (model.type === "Grid") model.grid_line_color = line;
  else if (model.type === "Legend") model.label_text_color = quiet;
  else if (model.type === "GlyphRenderer") {
    const tag = model.tags.find((one) => ["ink", "faint", "accent"].includes(one));
    if (!tag) return;
    const colour = tag === "ink" ? ink : css(`--${tag}`);
    for (const glyph of [model.glyph]) {
      if ("line_color" in glyph && glyph.line_color !== null) glyph.line_color = colour;
      if ("fill_color" in glyph && glyph.fill_color !== null) glyph.fill_color = colour;
    }
  }
};

const dress_all = (bokeh_document) => { for (const model of bokeh_document.all_models) dress(model); };

// Explanations of words, shown on hover and on focus.
const connect_tips = () => {
  const tip = byId("tip");
  const show = (event) => {
    const word = event.target.closest?.(".term");
    if (!word) return;
    tip.textContent = word.dataset.tip;
    tip.hidden = false;
    const box = word.getBoundingClientRect();
    const left = Math.min(box.left, document.documentElement.clientWidth - tip.offsetWidth - 12);
    tip.style.left = `${Math.max(left, 12) + scrollX}px`;
    tip.style.top = `${box.bottom + 6 + scrollY}px`;
  };
  const hide = () => { tip.hidden = true; };
  for (const name of ["mouseover", "focusin"]) document.addEventListener(name, show);
  for (const name of ["mouseout", "focusout"]) document.addEventListener(name, hide);
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
};
