// Two buttons that copy a text; beneath them what was copied, to be read or copied by hand.

function element(name, attributes, parent) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  parent.appendChild(made);
  return made;
}

// Where this page is one of a lite site, the address of that site, which ends in a slash; else null.
function ownSite() {
  const root = document.querySelector("script[data-jupyter-lite-root]")?.dataset.jupyterLiteRoot;
  return root === undefined ? null : new URL(`${root}/`, location.href).href;
}

// Whether a text went to the clipboard; the field holds it, and is selected for the older way.
async function copy(text, field) {
  try {
    await navigator.clipboard.writeText(text); // there is no such clipboard where there is no https
    return true;
  } catch {
    select(field);
    return document.execCommand("copy");
  }
}

function select(field) {
  field.focus({ preventScroll: true });
  field.select();
}

function render({ model, el }) {
  const words = model.get("words");
  el.classList.add("labkit-copy");
  const button = (kind, icon) => {
    const attributes = { type: "button", class: "jupyter-button widget-button lm-Widget" };
    const made = element("button", attributes, el);
    element("i", { class: `fa fa-${icon} center`, "aria-hidden": "true" }, made);
    made.append(` ${words[kind]}`);
    return made;
  };
  const buttons = { code: button("code", "code"), link: button("link", "link") };
  const told = element("span", { role: "status" }, el);
  const shown = element("div", { class: "labkit-copied", hidden: "" }, el);
  const field = element("textarea", { readonly: "", "aria-label": words.copied_text }, shown);
  const hide = element("button", { type: "button", class: "jupyter-button" }, shown);
  hide.textContent = words.hide;
  let last = null;

  const text = (kind) => {
    const site = ownSite();
    const link = model.get("link");
    if (kind === "code" || link === "" || site === null) return model.get(kind);
    return site + link.slice(model.get("site").length);
  };
  const close = () => {
    shown.hidden = true;
    told.textContent = "";
    buttons[last]?.focus();
  };
  const press = async (kind) => {
    last = kind;
    field.value = text(kind);
    shown.hidden = field.value === "";
    field.rows = Math.min(12, field.value.split("\n").length + (kind === "link"));
    if (field.value === "") return (told.textContent = model.get("why_not"));
    const copied = await copy(field.value, field);
    told.textContent = copied ? words[`${kind}_copied`] : words.refused;
    copied ? buttons[kind].focus() : select(field);
  };
  Object.entries(buttons).forEach(([kind, made]) => made.addEventListener("click", () => press(kind)));
  hide.addEventListener("click", close);
  el.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !shown.hidden) close();
  });
}

export default { render };
