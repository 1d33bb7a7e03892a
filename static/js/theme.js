/** Show a choice of the settings page at once; the form still has to be saved. */
const ATTRIBUTES = {
  theme: "bsTheme",
  density: "density",
  single_keys: "keys",
  blur: "blur",
  greyscale: "greyscale",
  hover: "hover",
  mute: "mute",
  thumbnails: "thumbnails",
};

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
