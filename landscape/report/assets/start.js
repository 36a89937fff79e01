// Fill the controls and the plots, draw once, and connect what was drawn with the controls.
const start = async () => {
  const bokeh_document = Bokeh.require("document").Document.from_json(JSON.parse(byId("document").textContent));
  Bokeh.documents.push(bokeh_document);
  for (const model of bokeh_document.all_models) if (model.name) named[model.name] = model;
  fill_families(byId("family"));
  byId("family").value = facts.first;
  fill_parts();
  dress_all(bokeh_document);
  recolour();
  connect_axis();
  connect_selection();
  connect_matrix();
  connect_attacked();
  choose(state.minimum);
  connect_temperature();
  connect_tips();
  connect_downloads();
  const recolour_all = () => { recolour(); follow_epsilon(); choose(state.minimum); };
  byId("family").addEventListener("change", () => { fill_parts(); recolour_all(); });
  byId("part").addEventListener("change", recolour_all);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { dress_all(bokeh_document); recolour(); });
  const places = bokeh_document.all_roots.map((root) => byId(root.name));
  await Bokeh.embed.add_document_standalone(bokeh_document, document.body, places);
  document.body.dataset.ready = String(Math.round(performance.now()));
};

start();
