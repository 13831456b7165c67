// A picture that tells what room it has, where it is clicked, dragged over, and which arrow key is pressed on it.
const KEYS = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"];

function place(event, image) {
  const box = image.getBoundingClientRect();
  const x = (event.clientX - box.left) / box.width;
  const y = 1 - (event.clientY - box.top) / box.height;
  return { kind: "point", x, y };
}

// While an answer is awaited only the last message is kept: a drag never queues up.
function talk(model) {
  let waiting = false;
  let next = null;
  const send = (message) => {
    if (waiting) next = message;
    else {
      waiting = true;
      model.send(message);
    }
  };
  const answered = () => {
    waiting = false;
    if (next !== null) {
      const message = next;
      next = null;
      send(message);
    }
  };
  return { send, answered };
}

// Tells the kernel, when it has changed, how wide the picture may be and how fine the screen is.
function watchRoom(model, el) {
  let told = "";
  let timer = null;
  let screen = null;
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(tell, 100);
  };
  const tell = () => {
    screen?.removeEventListener("change", soon);
    screen = matchMedia(`(resolution: ${devicePixelRatio}dppx)`); // until it goes to another one
    screen.addEventListener("change", soon);
    const room = { kind: "room", width: el.clientWidth, ratio: devicePixelRatio };
    if (room.width === 0 || JSON.stringify(room) === told) return;
    told = JSON.stringify(room);
    model.send(room);
  };
  const observer = new ResizeObserver(soon);
  observer.observe(el);
  window.addEventListener("resize", soon);
  return () => {
    clearTimeout(timer);
    observer.disconnect();
    screen?.removeEventListener("change", soon);
    window.removeEventListener("resize", soon);
  };
}

function render({ model, el }) {
  const image = document.createElement("img");
  image.className = "labkit-picture";
  image.draggable = false;
  el.appendChild(image);
  const { send, answered } = talk(model);
  let address = null;
  const paint = () => {
    const next = URL.createObjectURL(new Blob([model.get("value")], { type: "image/png" }));
    image.src = next;
    if (address !== null) URL.revokeObjectURL(address);
    address = next;
    image.style.width = model.get("width") ? `${model.get("width")}px` : "";
  };
  const describe = () => (image.alt = model.get("alt"));
  const onMessage = (message) => message.kind === "answered" && answered();
  paint();
  describe();
  model.on("change:value", paint);
  model.on("change:alt", describe);
  model.on("msg:custom", onMessage);
  if (model.get("interactive")) listen(image, send);
  const forget = watchRoom(model, el);
  return () => {
    forget();
    model.off("change:value", paint);
    model.off("change:alt", describe);
    model.off("msg:custom", onMessage);
    if (address !== null) URL.revokeObjectURL(address);
  };
}

function listen(image, send) {
  image.classList.add("labkit-interactive");
  image.tabIndex = 0;
  image.addEventListener("pointerdown", (event) => {
    image.setPointerCapture(event.pointerId);
    send(place(event, image));
  });
  image.addEventListener("pointermove", (event) => {
    if (event.buttons === 1) send(place(event, image));
  });
  image.addEventListener("keydown", (event) => {
    if (!KEYS.includes(event.key)) return;
    send({ kind: "key", key: event.key });
    event.preventDefault();
    event.stopPropagation();
  });
}

export default { render };
