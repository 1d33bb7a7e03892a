/** A line of a list of commands: what it does, and its key as caps. */
const NAMES = {
  Control: navigator.platform.startsWith("Mac") ? "\u2318" : "Ctrl",
  Escape: "Esc",
};

function keyCaps(key) {
  return key
    .split(/(?<=.)[+ ](?=.)/)
    .filter(Boolean)
    .map((part) => {
      const cap = document.createElement("kbd");
      cap.className = "is-chord";
      cap.textContent = NAMES[part] ?? part;
      return cap;
    });
}

export function line(label, key, detail = "") {
  const item = document.createElement("li");
  const text = document.createElement("span");
  text.textContent = label;
  const right = document.createElement("span");
  right.className = "group nowrap";
  right.append(detail ? `${detail} ` : "", ...(key ? keyCaps(key) : []));
  item.append(text, right);
  return item;
}
