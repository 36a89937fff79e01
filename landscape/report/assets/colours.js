// One property colours the tree, the map and the scatter, and stands in the last column of the table.
const is_dark = () => matchMedia("(prefers-color-scheme: dark)").matches;
const palette = () => (is_dark() ? facts.palette.slice(80) : facts.palette.slice(0, 225));

const families = () => {
  const found = new Map();
  for (const column of facts.columns) {
    if (!found.has(column.family)) found.set(column.family, []);
    found.get(column.family).push(column);
  }
  return found;
};

const fill_families = (select) => {
  const groups = new Map();
  for (const [family, parts] of families()) {
    const { group, label } = parts[0];
    if (!groups.has(group)) groups.set(group, element("optgroup", "", { label: group }));
    groups.get(group).append(element("option", label, { value: family }));
  }
  for (const group of ["energy and barriers", "robustness", "flatness", "other properties"]) {
    if (groups.has(group)) select.append(groups.get(group));
  }
};

const fill_parts = () => {
  const parts = families().get(byId("family").value);
  const select = byId("part");
  const before = select.value;
  select.replaceChildren(...parts.map((column) => element("option", column.part, { value: column.name })));
  const same = parts.find((column) => columns.get(before)?.part === column.part);
  select.value = (same ?? parts[parts.length - 1]).name;
  byId("part-label").hidden = parts.length < 2;
};

const ends_of = (values) => {
  const known = values.filter((value) => value !== null);
  return [Math.min(...known), Math.max(...known)];
};

const colours_of = (values) => {
  const [low, high] = ends_of(values);
  const ramp = palette();
  const unknown = css("--faint");
  return values.map((value) => {
    if (value === null) return unknown;
    const share = high > low ? (value - low) / (high - low) : 0.5;
    return ramp[Math.round(share * (ramp.length - 1))];
  });
};

// A line above a merge has the colour of its minima where they share one value, and is grey otherwise.
const colours_above = (values, colours) => {
  const shared = [...values, ...facts.parents.slice(values.length).map(() => undefined)];
  facts.parents.forEach((parent, node) => {
    if (parent < 0) return;
    if (shared[parent] === undefined) shared[parent] = shared[node];
    else if (shared[parent] !== shared[node]) shared[parent] = NaN;
  });
  const grey = css("--quiet");
  const by_value = new Map(values.map((value, place) => [value, colours[place]]));
  return shared.slice(values.length).map((value) => by_value.get(value) ?? grey);
};

const recolour = () => {
  const column = columns.get(byId("part").value);
  state.column = column;
  const colours = colours_of(column.values);
  put("minima", { colour: colours, value: column.values.map((value) => value ?? NaN) });
  put("inner", { colour: colours_above(column.values, colours) });
  const title = title_of(column);
  named.table.columns.at(-1).title = title.replace(/[<>&"]/g, " "); // a head is read as HTML
  const [low, high] = ends_of(column.values);
  byId("legend-low").textContent = text(low, 4);
  byId("legend-high").textContent = text(high, 4);
  const ramp = palette();
  const stops = [0, 0.25, 0.5, 0.75, 1].map((share) => ramp[Math.round(share * (ramp.length - 1))]);
  byId("legend-bar").style.background = `linear-gradient(90deg, ${stops.join(",")})`;
  byId("family").title = `${column.description}${column.units ? ` (${column.units})` : ""}`;
  document.body.dataset.column = column.name;
};
