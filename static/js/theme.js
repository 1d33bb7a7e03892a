/** Show a choice of theme, density or keys at once on the settings page; the form still has to be saved. */
const ATTRIBUTES = { theme: "bsTheme", density: "density", single_keys: "keys" };

function apply(field) {
  const attribute = ATTRIBUTES[field.name];
  const value = field.type === "checkbox" ? (field.checked ? "on" : "off") : field.value;
  if (value === "auto") {
    delete document.documentElement.dataset[attribute];
  } else {
    document.documentElement.dataset[attribute] = value;
  }
}

export function startTheme(root) {
  root.querySelector("[data-preview]")?.addEventListener("change", (event) => {
    if (event.target.name in ATTRIBUTES) {
      apply(event.target);
    }
  });
}
