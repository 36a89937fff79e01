// State of the page, numbers as text, and the bokeh models by name.
const facts = JSON.parse(document.getElementById("facts").textContent);
const byId = (id) => document.getElementById(id);
const state = { minimum: facts.lead.minimum, column: null, temperature: null };
const named = {};
const place_of = new Map(facts.rows.map((row, place) => [row, place]));
const columns = new Map(facts.columns.map((column) => [column.name, column]));

const text = (value, digits = 5) =>
  value === null || !Number.isFinite(value) ? "unknown" : String(Number(value.toPrecision(digits))).replace("-", "\u2212");

const element = (tag, content, attributes = {}) => {
  const made = document.createElement(tag);
  made.textContent = content;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
};

const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// Replace some columns of a source; the others stay.
const put = (name, data) => {
  const source = named[name];
  if (source) source.data = { ...Object.fromEntries(Object.entries(source.data)), ...data };
};
