// The scatter of two properties, opened by a cell of the matrix or by two selectors.
const draw_scatter = (across, up) => {
  const values = (name) => (columns.get(name)?.values ?? facts.rows.map(() => null)).map((value) => value ?? NaN);
  const label = (name) => (columns.has(name) ? title_of(columns.get(name)) : name);
  put("minima", { scatter_x: values(across), scatter_y: values(up) });
  const folded = (words) => (words.length > 36 ? words.replace(/^(.{18,}?) /, "$1\n") : words); // into two lines
  named.scatter.below[0].axis_label = label(across);
  named.scatter.left[0].axis_label = folded(label(up));
  byId("scatter-x").value = across;
  byId("scatter-y").value = up;
  for (const cell of document.querySelectorAll(".cell")) {
    cell.setAttribute("aria-pressed", cell.dataset.measure === across && cell.dataset.robustness === up);
  }
  mark(state.minimum);
};

const show_epsilon = (epsilon) => {
  for (const one of document.querySelectorAll(".matrix [data-epsilon]")) {
    one.hidden = one.dataset.epsilon !== "" && one.dataset.epsilon !== epsilon;
  }
};

const strongest = () => {
  const cells = [...document.querySelectorAll(".cell")].filter((cell) => !cell.parentElement.hidden);
  return cells.sort((one, other) => other.style.getPropertyValue("--strength") - one.style.getPropertyValue("--strength"))[0];
};

const connect_matrix = () => {
  const selectors = ["scatter-x", "scatter-y"].map(byId);
  for (const select of selectors) {
    select.append(...facts.columns.map((one) => element("option", title_of(one), { value: one.name })));
    select.addEventListener("change", () => draw_scatter(...selectors.map((one) => one.value)));
  }
  const epsilon = byId("matrix-epsilon");
  if (epsilon) {
    epsilon.addEventListener("change", () => show_epsilon(epsilon.value));
    show_epsilon(epsilon.value);
  }
  for (const cell of document.querySelectorAll(".cell")) {
    cell.addEventListener("click", () => draw_scatter(cell.dataset.measure, cell.dataset.robustness));
  }
  const first = strongest();
  draw_scatter(first?.dataset.measure ?? "energy", first?.dataset.robustness ?? byId("part").value);
};
