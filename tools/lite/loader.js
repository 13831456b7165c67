/* Starts Pyodide for the lab: with the lock beside this file, and with what the first picture needs;
   everything else is fetched when it is imported (labkit/browser.py). */

/** The contents of a file, waited for; nothing if it cannot be had. */
function fetchNow(address) {
  const request = new XMLHttpRequest();
  request.open("GET", address, false);
  request.responseType = "arraybuffer";
  try {
    request.send();
  } catch {
    return null;
  }
  return request.status === 200 ? new Uint8Array(request.response) : null;
}

/** A library under its bare name, by which others are linked to it. */
function loadLibrary(pyodide, path) {
  const fs = { findObject: () => true, readFile: () => pyodide.FS.readFile(path) };
  const flags = { global: true, nodelete: true, allowUndefined: true, fs };
  pyodide._module.loadDynamicLibrary(path.split("/").pop(), flags);
}

/** A packed file of the site, unpacked on its way; every other address as ever. */
function fetchUnpacked(address) {
  const plain = self.fetch;
  self.fetch = async (what, how) => {
    if (String(what) !== address) return plain(what, how);
    const found = await plain(`${address}.gz`);
    const body = found.body.pipeThrough(new DecompressionStream("gzip"));
    return new Response(body, { headers: { "Content-Type": "application/wasm" } });
  };
}

/** What the kernel takes for Pyodide's own function; `indexURL` is the folder of this file. */
self.loadPyodide = async (options) => {
  const at = (address) => new URL(address, options.indexURL).href;
  const { labkit, ...lock } = await (await fetch(at("pyodide-lock.json"))).json();
  for (const one of Object.values(lock.packages)) {
    one.file_name = at(one.file_name);
  }
  if (labkit.packed && self.DecompressionStream) fetchUnpacked(at(labkit.packed));
  importScripts(`${at(labkit.core)}pyodide.js`);
  const pyodide = await self.loadPyodide({
    ...options,
    indexURL: at(labkit.core),
    lockFileURL: URL.createObjectURL(new Blob([JSON.stringify(lock)])),
    packages: labkit.first,
  });
  pyodide.pyimport("labkit.browser").begin({
    packages: lock.packages,
    data: at(labkit.data),
    fetch: fetchNow,
    load_library: (path) => loadLibrary(pyodide, path),
    loaded: (name) => (pyodide.loadedPackages[name] = "default channel"),
  });
  return pyodide;
};
