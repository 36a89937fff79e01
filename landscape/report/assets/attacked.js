// Pictures of attacked samples at the selected minimum and one epsilon, cut from pictures of all samples side by side.
const LABELS = ["sample", "change", "attacked"];

const tile_of = (picture, sample, words) => {
  const { rows, size } = facts.attacked;
  const tile = picture ? element("img", "", { src: picture, alt: words }) : element("div", "", { class: "blank" });
  [tile.style.width, tile.style.height] = size.map((side) => `${side}px`);
  tile.style.objectPosition = `${rows.length > 1 ? (100 * sample) / (rows.length - 1) : 0}% 0`;
  return tile;
};

// The answer of the network and its loss, below a tile.
const answer_of = (one, index, sample) => {
  const { classes, labels } = facts.attacked;
  const answer = one.answers[index][sample];
  const right = answer === labels[sample];
  const said = element("div", `answer ${classes[answer]}${right ? "" : ", wrong"}`, { class: right ? "right" : "wrong" });
  return [said, element("div", `loss ${text(one.losses[index][sample], 3)}`)];
};

const fill_card = (card, sample, one, index) => {
  const { rows, samples } = facts.attacked;
  const pictures = [samples, one?.changes[index], one?.attacked[index]];
  const answers = [0, null, index + 1];
  const tiles = LABELS.map((label, part) => {
    const figure = element("figure", "", { class: "tile" });
    const caption = element("figcaption", "");
    caption.append(element("div", label));
    if (one && answers[part] !== null) caption.append(...answer_of(one, answers[part], sample));
    figure.append(tile_of(pictures[part], sample, `${label}, sample ${rows[sample]}`), caption);
    return figure;
  });
  card.querySelector(".tiles").replaceChildren(...tiles);
};

const tell_attacked = (one, index) => {
  const { epsilons, labels } = facts.attacked;
  const row = facts.rows[state.minimum];
  if (!one) return `There are no pictures of minimum ${row}: see below for those that have some.`;
  const right = (part) => one.answers[part].filter((answer, sample) => answer === labels[sample]).length;
  const accuracy = facts.columns.find(({ family, epsilon }) => family === "pgd_accuracy" && epsilon === epsilons[index]);
  const kept = accuracy?.values[state.minimum] ?? null;
  const all = kept === null ? "" : ` Of all training samples it keeps ${text(100 * kept, 3)} % under this attack.`;
  return `Minimum ${row} is right on ${right(0)} of these ${labels.length} samples, and on ${right(index + 1)} of them under attack at epsilon ${text(epsilons[index])}.${all}`;
};

const draw_attacked = () => {
  if (!facts.attacked) return;
  const index = Number(byId("attacked-epsilon").value);
  const one = facts.attacked.minima[state.minimum];
  document.querySelectorAll(".card").forEach((card, sample) => fill_card(card, sample, one, index));
  byId("attacked-text").textContent = tell_attacked(one, index);
  const epsilon = text(facts.attacked.epsilons[index]);
  byId("change-low").textContent = `\u2212${epsilon}`;
  byId("change-high").textContent = `+${epsilon}`;
};

// The epsilon of the property that colours the page, where there are pictures of it.
const follow_epsilon = () => {
  const index = facts.attacked?.epsilons.indexOf(state.column.epsilon) ?? -1;
  if (index >= 0) byId("attacked-epsilon").value = String(index);
};

const connect_attacked = () => {
  if (!facts.attacked) return;
  const { epsilons, colours, most, least } = facts.attacked;
  const select = byId("attacked-epsilon");
  select.append(...epsilons.map((epsilon, index) => element("option", text(epsilon), { value: index })));
  select.value = String(epsilons.length - 1);
  select.addEventListener("change", draw_attacked);
  follow_epsilon();
  const [darker, brighter] = colours.map((parts) => parts.join(", "));
  byId("change-bar").style.backgroundImage =
    `linear-gradient(90deg, rgb(${darker}), rgba(${darker}, 0), rgba(${brighter}, 0), rgb(${brighter}))`;
  for (const [name, [place]] of [["most-robust", most], ["least-robust", least]]) {
    byId(name)?.addEventListener("click", () => choose(place));
  }
};
