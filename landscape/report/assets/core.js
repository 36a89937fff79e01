// State of the page, numbers as text, and the bokeh models by name.
const facts = JSON.parse(document.getElementById("facts").textContent);
const byId = (id) => document.getElementById(id);
const state = { minimum: facts.lead.minimum, column: null, temperature: null };
const named = {};
const place_of = new Map(facts.rows.map((row, place) => [row, place]));
const columns = new Map(facts.columns.map((column) => [column.name, column]));

const SUPERSCRIPTS = "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079";
const raised = (power) => power.replace("+", "").replace("-", "\u207b").replace(/\d/g, (digit) => SUPERSCRIPTS[digit]);

// A number with so many significant digits, very small and large ones as powers of ten.
const text = (value, digits = 5) => {
  if (value === null || !Number.isFinite(value)) return "unknown";
  const rounded = Number(value.toPrecision(digits));
  const size = Math.abs(rounded);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) {
    const [front, power] = rounded.toExponential().split("e");
    return `${front}\u2009\u00d7\u200910${raised(power)}`.replace("-", "\u2212");
  }
  return String(rounded).replace("-", "\u2212");
};

const element = (tag, content, attributes = {}) => {
  const made = document.createElement(tag);
  made.textContent = content;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
};

const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const title_of = (column) => (column.part ? `${column.label}, ${column.part}` : column.label);
const sentence = (words) => words.charAt(0).toUpperCase() + words.slice(1);

// Replace some columns of a source; the others stay.
const put = (name, data) => {
  const source = named[name];
  if (source) source.data = { ...Object.fromEntries(Object.entries(source.data)), ...data };
};
