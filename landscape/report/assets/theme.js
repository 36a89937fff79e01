// Plots take the colours of the page, which follow the light or dark theme of the reader.
const dress = (model) => {
  const [quiet, line] = ["--quiet", "--line"].map(css);
  if (model.type.endsWith("Axis")) {
    model.setv({ axis_label_text_color: quiet, major_label_text_color: quiet, axis_line_color: line, major_tick_line_color: line });
  } else if (model.type === "Grid") model.grid_line_color = line;
  else if (model.type === "Legend") model.label_text_color = quiet;
  else {
    const tag = model.tags.find((one) => ["ink", "faint", "accent"].includes(one));
    if (!tag) return;
    for (const name of ["line_color", "fill_color"]) {
      const given = name in model ? model[name] : null;
      if (given !== null && given.value !== null) model[name] = { value: css(`--${tag}`) };
    }
  }
};

const dress_all = (bokeh_document) => { for (const model of bokeh_document.all_models) dress(model); };
