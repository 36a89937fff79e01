// Files made in the page: nothing is asked of a server.
const save = (name, parts, type) => {
  const link = element("a", "", { download: name, href: URL.createObjectURL(new Blob(parts, { type })) });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
};

const csv_text = () => {
  const quoted = (value) => (/[",\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);
  const head = ["row", ...facts.columns.map((column) => column.name)].map(quoted).join(",");
  const lines = facts.rows.map((row, place) => [row, ...facts.columns.map((column) => column.values[place] ?? "")].join(","));
  return [head, ...lines, ""].join("\n");
};

const state_bytes = (place) => {
  const { header, bytes, values } = facts.safetensors;
  const all = Uint8Array.from(atob(values), (character) => character.charCodeAt(0));
  const head = new TextEncoder().encode(header);
  const length = new DataView(new ArrayBuffer(8));
  length.setBigUint64(0, BigInt(head.length), true);
  return [length.buffer, head, all.slice(place * bytes, (place + 1) * bytes)];
};

const tell_downloads = () => {
  const available = facts.safetensors.minima ?? 0;
  byId("state").disabled = state.minimum >= available;
  const notes = [`All files hold the ${facts.rows.length} minima of this page; in the table energies have all digits, properties nine.`];
  if (!facts.pathsample["min.data"]) notes.push("PATHSAMPLE's files need determinants and orders of point groups of all points, which this database lacks.");
  if (!available) notes.push("This database has no network, so no weights.");
  else if (available < facts.rows.length) notes.push(`The page has the weights of the ${available} lowest minima.`);
  byId("download-note").textContent = notes.join(" ");
};

const connect_downloads = () => {
  byId("csv").addEventListener("click", () => save("minima.csv", [csv_text()], "text/csv"));
  for (const button of document.querySelectorAll("[data-text]")) {
    const name = button.dataset.text;
    button.disabled = facts.pathsample[name] === undefined;
    button.addEventListener("click", () => save(name, [facts.pathsample[name]], "text/plain"));
  }
  byId("state").addEventListener("click", () =>
    save(`minimum-${facts.rows[state.minimum]}.safetensors`, state_bytes(state.minimum), "application/octet-stream"));
};
