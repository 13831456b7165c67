// Asks the kernel for a sign of life when a control beside it is used; says so where none comes.
// Also tells a screen reader of these controls what ipywidgets leaves out.
const PATIENCE = 4000; // milliseconds
const EVENTS = ["pointerdown", "keydown", "change"];

// What a notebook knows of its kernel; undefined where it does not tell.
function kernelStatus(model) {
  const kernel = model.widget_manager?.kernel;
  return kernel?.connectionStatus === "connecting" ? undefined : kernel?.status;
}

function tell(element, name, value) {
  if (value && element.getAttribute(name) !== value) element.setAttribute(name, value);
}

// Names each control of a box by its label, else by the first line of the box, its question.
function nameControls(box) {
  const first = box.querySelector(".widget-html-content")?.textContent; // unseen, too
  for (const control of box.querySelectorAll(".widget-inline-hbox")) {
    const name = control.querySelector(".widget-label")?.textContent;
    const nameOf = (field) => name || [first, field.placeholder].filter(Boolean).join(" ");
    const readout = control.querySelector(".widget-readout");
    const slider = control.querySelector("[role=slider]");
    if (readout?.isContentEditable) tell(readout, "role", "textbox");
    if (slider) tell(slider, "aria-valuetext", readout?.textContent);
    const fields = control.querySelectorAll("input:not([type=radio]), select, textarea");
    for (const each of [readout, slider, ...fields]) if (each) tell(each, "aria-label", nameOf(each));
  }
  for (const group of box.querySelectorAll(".widget-radio-box")) {
    tell(group, "role", "radiogroup");
    tell(group, "aria-label", first);
  }
  for (const line of box.querySelectorAll(".labkit-says")) tell(line, "aria-live", "polite");
}

// Enter belongs to the control that has the focus: a console takes it to its prompt else.
function keepEnter(event, el) {
  const inBox = el.parentElement?.contains(event.target);
  if (inBox && event.key === "Enter" && event.target.matches("button, summary")) event.stopPropagation();
}

// Keeps the names up: controls appear one by one, and what they say changes. Returns how to stop.
function keepNames(el) {
  const attributeFilter = ["aria-valuetext"];
  const changes = { childList: true, subtree: true, characterData: true, attributeFilter };
  let observer = null;
  const begin = () => {
    const box = el.closest(".widget-vbox");
    if (box === null) return; // not yet part of the page
    clearInterval(timer);
    box.classList.add("labkit-box");
    observer = new MutationObserver(() => nameControls(box));
    observer.observe(box, changes);
    nameControls(box);
  };
  const timer = setInterval(begin, 100);
  return () => {
    clearInterval(timer);
    observer?.disconnect();
  };
}

function render({ model, el }) {
  el.classList.add("labkit-kernel-watch");
  el.setAttribute("role", "status");
  const words = model.get("words");
  let timer = null;
  const say = (text) => el.textContent !== text && (el.textContent = text);
  const isCut = () => el.closest(".jupyter-widgets-disconnected") !== null;
  const complain = () => {
    const status = kernelStatus(model);
    if (status === "busy" && !isCut()) say(words.busy);
    else say(status === undefined ? words.silent : words.gone);
    timer = null;
  };
  const ask = () => {
    if (isCut()) return say(words.gone);
    if (timer !== null) return;
    timer = setTimeout(complain, PATIENCE);
    try {
      model.send({ kind: "ping" });
    } catch {
      complain(); // there is no connection to send it on
    }
  };
  const onUse = (event) => el.parentElement?.contains(event.target) && ask();
  const onKey = (event) => keepEnter(event, el);
  const onMessage = (message) => {
    if (message.kind !== "pong") return;
    clearTimeout(timer);
    timer = null;
    say("");
  };
  // JupyterLab marks the elements of widgets whose kernel restarts
  const onCut = () => setTimeout(() => isCut() && say(words.gone));
  EVENTS.forEach((name) => document.addEventListener(name, onUse, true));
  document.addEventListener("keydown", onKey, true);
  model.on("msg:custom", onMessage);
  model.on("comm_live_update", onCut);
  const forget = keepNames(el);
  return () => {
    clearTimeout(timer);
    forget();
    document.removeEventListener("keydown", onKey, true);
    EVENTS.forEach((name) => document.removeEventListener(name, onUse, true));
    model.off("msg:custom", onMessage);
    model.off("comm_live_update", onCut);
  };
}

export default { render };
