// Put the plots into their places, then connect them with the controls.
const start = async () => {
  const { documents, items } = JSON.parse(byId("document").textContent);
  const [id] = Object.keys(documents);
  const root_names = new Map(documents[id].roots.map((root) => [root.id, root.attributes.name]));
  const [{ roots, ...item }] = items;
  const places = Object.fromEntries(Object.keys(roots).map((root) => [root, root]));
  for (const root of Object.keys(roots)) byId(root_names.get(root)).append(element("div", "", { id: root }));
  await Bokeh.embed.embed_items(documents, [{ ...item, roots: places }]);
  const bokeh_document = Bokeh.documents[0];
  for (const model of bokeh_document.all_models) if (model.name) named[model.name] = model;
  fill_families(byId("family"));
  byId("family").value = facts.first;
  fill_parts();
  dress_all(bokeh_document);
  recolour();
  connect_axis();
  connect_selection();
  connect_matrix();
  choose(state.minimum);
  connect_temperature();
  connect_tips();
  connect_downloads();
  byId("family").addEventListener("change", () => { fill_parts(); recolour(); choose(state.minimum); });
  byId("part").addEventListener("change", () => { recolour(); choose(state.minimum); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { dress_all(bokeh_document); recolour(); });
  document.body.dataset.ready = String(Math.round(performance.now()));
};

start();
