// The selected minimum, marked in tree, map, scatter and table, and its way out.
const way_of = (place) => {
  const way = [place];
  while (facts.ways[way.at(-1)][2] >= 0) way.push(facts.ways[way.at(-1)][2]);
  return way;
};

// Nodes of the tree from a leaf up to, but without, the merge that it shares with the lowest minimum, and down again.
const nodes_between = (place) => {
  const up = (node) => {
    const found = [node];
    while (facts.parents[found.at(-1)] >= 0) found.push(facts.parents[found.at(-1)]);
    return found;
  };
  const [ours, theirs] = [up(place), up(0)];
  if (ours.at(-1) !== theirs.at(-1)) return [];
  return [...ours.filter((node) => !theirs.includes(node)), ...theirs.filter((node) => !ours.includes(node))];
};

const line_of = (node) => {
  const count = facts.rows.length;
  const data = node < count ? named.minima.data : named.inner.data;
  const index = node < count ? node : node - count;
  return [Array.from(data.tree_xs[index]), Array.from(data.tree_ys[index])];
};

const mark = (place) => {
  const data = named.minima.data;
  const at = (x, y) => ({ x: [data[x][place]], y: [data[y][place]] });
  put("chosen_in_tree", at("tree_x", "tree_y"));
  put("chosen_in_map", at("map_x", "map_y"));
  put("chosen_in_scatter", at("scatter_x", "scatter_y"));
  const lines = nodes_between(place).map(line_of);
  put("way_in_tree", { xs: lines.map((line) => line[0]), ys: lines.map((line) => line[1]) });
  const seen = way_of(place).filter((step) => step < facts.rows.length);
  put("way_in_map", { x: seen.map((step) => data.map_x[step]), y: seen.map((step) => data.map_y[step]) });
};

const tell_facts = (place) => {
  const data = named.minima.data;
  const lines = [
    ["row in the database", facts.rows[place]],
    ["energy", data.energy[place].toFixed(8)],
    ["above the lowest", text(data.above[place])],
    ["hits", data.hits[place]],
    ["copies", text(Math.exp(data.log_copies[place]), 4)],
    ["accuracy", data.accuracies[place]],
  ];
  const told = ["energy", "hits"];
  if (state.column && !told.includes(state.column.name)) lines.push([title_of(state.column), text(state.column.values[place])]);
  if (state.temperature !== null) lines.push(["occupation", text(facts.occupation[state.temperature][place], 3)]);
  const list = document.createElement("dl");
  for (const [name, value] of lines) {
    const pair = element("div", "", { class: "cellpair" });
    pair.append(element("dt", name), element("dd", value));
    list.append(pair);
  }
  byId("facts-of-one").replaceChildren(list);
};

const tell_way = (place) => {
  const way = way_of(place);
  const steps = way.slice(0, -1).map((step) => facts.ways[step]);
  const rows = steps.map(([row, energy, next, ts, height], index) => {
    const line = document.createElement("tr");
    line.append(
      ...[index + 1, row, `${ts} (energy ${text(height, 8)})`, text(height - energy, 4), facts.ways[next][0]].map((cell) => element("td", cell)),
    );
    return line;
  });
  byId("way").tBodies[0].replaceChildren(...rows);
  const [row, energy] = facts.ways[place];
  if (place === 0) byId("way-text").textContent = `Minimum ${row} is the lowest known: every way out ends here.`;
  else if (way.at(-1) !== 0) byId("way-text").textContent = `No known path joins minimum ${row} with the lowest one.`;
  else {
    const highest = Math.max(...steps.map((step) => step[4]));
    byId("way-text").textContent =
      `Its way out to the lowest minimum ${facts.rows[0]} has ${steps.length} step${steps.length > 1 ? "s" : ""} and a barrier of ${text(highest - energy, 4)}: ` +
      `${way.map((step) => facts.ways[step][0]).join(" \u2192 ")}.`;
  }
};

// Of several minima under a click the one whose tip is drawn nearest to it.
const FIELDS = { tree: ["tree_x", "tree_y"], map: ["map_x", "map_y"], scatter: ["scatter_x", "scatter_y"] };
const nearest = (places) => {
  const fields = FIELDS[state.pointer?.plot];
  if (!fields || places.length < 2) return places[0];
  const view = [...Bokeh.index].find((one) => one.model.name === state.pointer.plot);
  const box = view.canvas_view.el.getBoundingClientRect();
  const [x, y] = fields.map((field) => named.minima.data[field]);
  const far = (place) =>
    Math.hypot(box.left + view.frame.x_scale.compute(x[place]) - state.pointer.x, box.top + view.frame.y_scale.compute(y[place]) - state.pointer.y);
  return places.reduce((best, place) => (far(place) < far(best) ? place : best));
};

const choose = (place) => {
  state.minimum = place;
  const chosen = named.minima.selected;
  if (chosen.indices.length !== 1 || chosen.indices[0] !== place) chosen.indices = [place];
  byId("minimum").value = String(place);
  byId("previous").disabled = place === 0;
  byId("next").disabled = place === facts.rows.length - 1;
  document.body.dataset.minimum = facts.rows[place];
  mark(place);
  tell_facts(place);
  tell_way(place);
  draw_epsilon();
  draw_profile();
  draw_attacked();
  tell_downloads();
};

const connect_selection = () => {
  const chosen = named.minima.selected;
  chosen.properties.indices.change.connect(() => {
    const place = nearest(chosen.indices);
    if (place === undefined) choose(state.minimum);
    else if (place !== state.minimum || chosen.indices.length > 1) choose(place);
  });
  document.addEventListener("pointerup", ({ target, clientX, clientY }) => {
    state.pointer = { plot: target.closest?.(".plot")?.id, x: clientX, y: clientY };
  }, true);
  byId("minimum").append(...facts.rows.map((row, place) => element("option", `${row} (${text(named.minima.data.energy[place], 7)})`, { value: place })));
  byId("minimum").addEventListener("change", (event) => choose(Number(event.target.value)));
  byId("previous").addEventListener("click", () => choose(state.minimum - 1));
  byId("next").addEventListener("click", () => choose(state.minimum + 1));
};
