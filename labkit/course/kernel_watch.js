// Asks the kernel for a sign of life when a control beside it is used; says so where none comes.
const PATIENCE = 4000; // milliseconds
const EVENTS = ["pointerdown", "keydown", "change"];
const BUSY = "The kernel is busy: it answers when it is done.";
const GONE = "The kernel is gone: run this cell again.";
const SILENT = "No answer from the kernel: if it was restarted, run this cell again.";

// What a notebook knows of its kernel; undefined where it does not tell.
function kernelStatus(model) {
  const kernel = model.widget_manager?.kernel;
  return kernel?.connectionStatus === "connecting" ? undefined : kernel?.status;
}

function render({ model, el }) {
  el.classList.add("labkit-kernel-watch");
  el.setAttribute("role", "status");
  let timer = null;
  const say = (text) => el.textContent !== text && (el.textContent = text);
  const isCut = () => el.closest(".jupyter-widgets-disconnected") !== null;
  const complain = () => {
    const status = kernelStatus(model);
    if (status === "busy" && !isCut()) say(BUSY);
    else say(status === undefined ? SILENT : GONE);
    timer = null;
  };
  const ask = () => {
    if (isCut()) return say(GONE);
    if (timer !== null) return;
    timer = setTimeout(complain, PATIENCE);
    try {
      model.send({ kind: "ping" });
    } catch {
      complain(); // there is no connection to send it on
    }
  };
  const onUse = (event) => el.parentElement?.contains(event.target) && ask();
  const onMessage = (message) => {
    if (message.kind !== "pong") return;
    clearTimeout(timer);
    timer = null;
    say("");
  };
  // JupyterLab marks the elements of widgets whose kernel restarts
  const onCut = () => setTimeout(() => isCut() && say(GONE));
  EVENTS.forEach((name) => document.addEventListener(name, onUse, true));
  model.on("msg:custom", onMessage);
  model.on("comm_live_update", onCut);
  return () => {
    clearTimeout(timer);
    EVENTS.forEach((name) => document.removeEventListener(name, onUse, true));
    model.off("msg:custom", onMessage);
    model.off("comm_live_update", onCut);
  };
}

export default { render };
