// Curves of the selected minimum: a property against epsilon, and the profile of its way out.
const quantile = (sorted, share) => {
  const place = share * (sorted.length - 1);
  const low = Math.floor(place);
  return sorted[low] + (place - low) * (sorted[Math.min(low + 1, sorted.length - 1)] - sorted[low]);
};

// The columns with an epsilon of the chosen family, or else of the first known one; accuracies begin at epsilon 0.
const epsilon_columns = () => {
  const with_epsilon = (family) => facts.columns.filter((column) => column.family === family && column.epsilon !== null);
  const wanted = [state.column?.family, facts.first, ...families().keys()];
  const found = wanted.map(with_epsilon).find((parts) => parts.length > 1);
  const clean = columns.get("accuracy");
  const starts = found[0].units === clean?.units && !found[0].family.startsWith("test_");
  return starts ? [{ ...clean, epsilon: 0, label: found[0].label, family: found[0].family }, ...found] : found;
};

const draw_epsilon = () => {
  if (!named.epsilon) return;
  const parts = epsilon_columns().sort((one, other) => one.epsilon - other.epsilon);
  const sorted = parts.map((part) => part.values.filter((value) => value !== null).sort((a, b) => a - b));
  const at = (share) => sorted.map((values) => quantile(values, share));
  const x = parts.map((part) => part.epsilon);
  put("epsilon_band", { x, low: at(0.05), high: at(0.95), lower: at(0.25), upper: at(0.75), median: at(0.5) });
  put("epsilon_one", { x, y: parts.map((part) => part.values[state.minimum] ?? NaN) });
  const last = parts.at(-1);
  const { label, units } = last;
  named.epsilon.left[0].axis_label = label.length > 28 ? label.replace(/^(.{14,}?) /, "$1\n") : label;
  const from_clean = x[0] === 0 ? " At epsilon 0 it is the accuracy without attack." : "";
  byId("epsilon-text").textContent =
    `${sentence(last.description.replace(/, at epsilon .*/, ""))}${units ? ` (${units})` : ""}, of all minima shown and of minimum ${facts.rows[state.minimum]}.${from_clean}`;
};

const draw_profile = () => {
  if (!named.profile) return;
  const way = way_of(state.minimum);
  const steps = way.slice(0, -1).map((place) => ({ row: facts.ways[place][0], path: facts.paths[facts.ways[place][3]] }));
  const energy = { x: [], y: [] };
  const loss = { x: [], y: [] };
  const ends = { x: [], y: [] };
  const known = steps.length > 0 && steps.every((step) => step.path);
  let start = 0;
  for (const { row, path } of known ? steps : []) {
    const along = path.from === row;
    const length = path.distance.at(-1);
    const turn = (values) => (along ? values : [...values].reverse());
    const x = turn(path.distance).map((distance) => start + (along ? distance : length - distance));
    energy.x.push(...x);
    energy.y.push(...turn(path.energy));
    if (path.loss.length) {
      loss.x.push(...x);
      loss.y.push(...turn(path.loss));
    }
    if (!ends.x.length) { ends.x.push(x[0]); ends.y.push(turn(path.energy)[0]); }
    ends.x.push(x.at(-1));
    ends.y.push(turn(path.energy).at(-1));
    start += length;
  }
  const above = (values, least) => values.map((value) => value - least);
  const least = Math.min(...energy.y);
  put("profile_energy", { x: energy.x, y: above(energy.y, least) });
  put("profile_minima", { x: ends.x, y: above(ends.y, least) });
  put("profile_loss", { x: loss.x, y: above(loss.y, Math.min(...loss.y)) });
  byId("profile-text").textContent = known
    ? `Steepest-descent paths of the ${steps.length} step${steps.length > 1 ? "s" : ""} from minimum ${facts.rows[state.minimum]}: energy, and adversarial loss at the largest epsilon, each above its lowest value on the way. Dots are minima.`
    : "The paths on the way out of this minimum were not measured: 'landscape measure FILE --paths' does.";
};
