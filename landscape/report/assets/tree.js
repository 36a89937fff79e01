// The axis of the tree: energies, or their order.
const PARTS = ["x", "y", "xs", "ys"];

const show_axis = (axis) => {
  const chosen = (source, parts) => Object.fromEntries(parts.map((part) => [`tree_${part}`, named[source].data[`${axis}_${part}`]]));
  put("minima", chosen("minima", PARTS));
  put("inner", chosen("inner", PARTS.slice(2)));
  const [energies, order] = named.tree.left;
  energies.visible = axis === "energy";
  order.visible = axis === "order";
  for (const grid of named.tree.center) if (grid.dimension === 1) grid.visible = axis === "energy";
  document.body.dataset.axis = axis;
};

const connect_axis = () => {
  const select = byId("axis");
  select.addEventListener("change", () => { show_axis(select.value); mark(state.minimum); });
  show_axis(select.value);
};
