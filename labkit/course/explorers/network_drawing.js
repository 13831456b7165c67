// Draws a network as SVG; its hidden neurons are switches (click, space, Enter; arrows move).
const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 300;
const STEP = 34;

function node(name, attributes, parent, text) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  parent.appendChild(element);
  return element;
}

function spread(count, height) {
  return Array.from({ length: count }, (_, i) => (height * (i + 0.5)) / count);
}

function edge(svg, from, to, weight) {
  const line = { x1: from.x, y1: from.y, x2: to.x, y2: to.y };
  line.class = weight < 0 ? "labkit-edge labkit-negative" : "labkit-edge";
  line["stroke-width"] = 0.6 + 1.6 * Math.min(1.5, Math.abs(weight));
  return node("line", line, svg);
}

function toggle(model, j) {
  const mask = model.get("neuron_mask").slice();
  mask[j] = !mask[j];
  model.set("neuron_mask", mask);
  model.save_changes();
}

function build(model, el) {
  const { kernel, readout } = model.get("network");
  const n = readout.length;
  const height = Math.max(4, n) * STEP;
  el.replaceChildren();
  const svg = node("svg", { viewBox: `0 0 ${WIDTH} ${height}`, class: "labkit-network" }, el);
  const place = (x) => (y) => ({ x, y });
  const inputs = spread(kernel.length, height).map(place(28));
  const hidden = spread(n, height).map(place(150));
  const outputs = spread(readout[0].length, height).map(place(272));
  const edges = hidden.map((at, j) => [
    ...inputs.map((from, i) => edge(svg, from, at, kernel[i][j])),
    ...outputs.map((to, c) => edge(svg, at, to, readout[j][c])),
  ]);
  inputs.forEach((at, i) => label(svg, at, `x${i + 1}`));
  outputs.forEach((at, c) => label(svg, at, outputs.length > 1 ? `f${c}` : "f"));
  const group = node("g", { role: "group", "aria-label": model.get("words").neurons }, svg);
  const neurons = hidden.map((at, j) => neuron(model, group, at, j));
  return { edges, neurons };
}

function label(svg, at, text) {
  node("circle", { cx: at.x, cy: at.y, r: 13, class: "labkit-port" }, svg);
  node("text", { x: at.x, y: at.y + 4, class: "labkit-label" }, svg, text);
}

function neuron(model, group, at, j) {
  const element = node("g", { role: "switch", tabindex: 0, class: "labkit-neuron" }, group);
  element.setAttribute("aria-label", model.get("words").neuron.replace("{j}", j));
  element.dataset.neuron = j;
  node("circle", { cx: at.x, cy: at.y, r: 14 }, element);
  node("text", { x: at.x, y: at.y + 4, class: "labkit-label" }, element, j);
  element.addEventListener("click", () => toggle(model, j));
  element.addEventListener("keydown", (event) => {
    const move = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (event.key === " " || event.key === "Enter") toggle(model, j);
    else if (move) group.children[j + move]?.focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  return element;
}

function paint(model, { edges, neurons }) {
  model.get("neuron_mask").forEach((kept, j) => {
    neurons[j]?.setAttribute("aria-checked", String(kept));
    edges[j]?.forEach((line) => line.classList.toggle("labkit-off", !kept));
  });
}

function render({ model, el }) {
  let drawing = build(model, el);
  paint(model, drawing);
  const rebuild = () => {
    drawing = build(model, el);
    paint(model, drawing);
  };
  const repaint = () => paint(model, drawing);
  model.on("change:network", rebuild);
  model.on("change:neuron_mask", repaint);
  return () => {
    model.off("change:network", rebuild);
    model.off("change:neuron_mask", repaint);
  };
}

export default { render };
