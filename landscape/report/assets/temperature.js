// The slider of temperature fades branches by occupation and moves the mark on the heat capacity.
const DECADES = 5; // of occupation, over which a branch fades
const FAINTEST = 0.08;

const alpha_of = (occupation, most) => {
  const share = 1 + Math.log10(Math.max(occupation / most, 1e-300)) / DECADES;
  return FAINTEST + (1 - FAINTEST) * Math.min(Math.max(share, 0), 1);
};

const fade = () => {
  const count = facts.rows.length;
  const on = byId("fade").checked;
  const index = Number(byId("temperature").value);
  state.temperature = on ? index : null;
  const temperature = facts.temperature[index];
  const sums = on ? [...facts.occupation[index], ...facts.parents.slice(count).map(() => 0)] : facts.parents.map(() => 1);
  if (on) facts.parents.forEach((parent, node) => { if (parent >= 0) sums[parent] += sums[node]; });
  const most = on ? Math.max(...sums.slice(0, count), Number.MIN_VALUE) : 1;
  const alphas = sums.map((occupation) => (on ? alpha_of(occupation, most) : 1));
  put("minima", { alpha: alphas.slice(0, count) });
  put("inner", { alpha: alphas.slice(count) });
  put("heat_mark", { x: [temperature], y: [facts.capacity[index]] });
  byId("temperature").disabled = !on;
  byId("temperature-text").textContent = on ? `T = ${text(temperature, 3)}` : "";
  const likeliest = facts.occupation[index].indexOf(Math.max(...facts.occupation[index]));
  const beyond = facts.highest !== null && temperature > facts.highest ? ", beyond this range," : "";
  byId("heat-text").textContent =
    `At T = ${text(temperature, 3)}${beyond} the heat capacity is ${text(facts.capacity[index], 4)} and minimum ${facts.rows[likeliest]} has the largest occupation, ${text(facts.occupation[index][likeliest], 3)}.`;
  byId("temperature").setAttribute("aria-valuetext", `T = ${text(temperature, 3)}`);
  tell_facts(state.minimum);
};

const connect_temperature = () => {
  const slider = byId("temperature");
  if (!slider) return;
  slider.max = facts.temperature.length - 1;
  slider.value = facts.capacity.indexOf(Math.max(...facts.capacity));
  slider.addEventListener("input", fade);
  byId("fade").addEventListener("change", fade);
  fade();
};
