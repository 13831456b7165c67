// CPU seconds of each phase up to the first live picture, as JSON; of a lite site that has a Pyodide.
// usage: node lite_phases.mjs STATIC_PYODIDE
import { readFileSync } from "node:fs";
import { resolve } from "node:path";

// what JupyterLite's worker does to start it, but for a page that listens
const KERNEL = `
import sys
kept = sys.stdout, sys.stderr
import piplite.piplite, pyodide_kernel
sys.stdout, sys.stderr = kept
pyodide_kernel.kernel_instance.interpreter.send_comm = lambda *message: None
pyodide_kernel.kernel_instance._parent_header = {}
`;
const folder = `${resolve(process.argv[2])}/`;
const phases = {};
let last = 0;
function lap(name) {
  const { user, system } = process.cpuUsage();
  phases[name] = (user + system) / 1e6 - last;
  last += phases[name];
}

lap("Node itself");
const { loadPyodide } = await import(`${folder}pyodide.mjs`);
const pyodide = await loadPyodide({ indexURL: folder });
lap("Pyodide's core");
const { labkit } = JSON.parse(readFileSync(`${folder}pyodide-lock.json`, "utf8"));
await pyodide.loadPackage(labkit.first, { messageCallback: () => {} });
lap("packages unpacked");
for (const [name, code] of [
  ["the kernel, with IPython", KERNEL],
  ["NumPy", "import numpy"],
  ["Matplotlib", "import matplotlib.figure, matplotlib.backends.backend_agg"],
  ["ipywidgets and anywidget", "import ipywidgets, anywidget"],
  ["labkit", "from labkit.course.explorers import SubnetworkExplorer"],
  ["the first picture", "explorer = SubnetworkExplorer(task='moons', n_neurons=8, seed=7)"],
  ["the first click", "mask = [*explorer.drawing.neuron_mask]\nmask[0] = not mask[0]\nexplorer.drawing.neuron_mask = mask"],
  ["8 more clicks", "for k in range(8):\n  mask = [*explorer.drawing.neuron_mask]\n  mask[k] = not mask[k]\n  explorer.drawing.neuron_mask = mask"],
]) {
  try {
    pyodide.runPython(code);
  } catch (error) {
    console.error(`${name}: ${error.message || error.stack}`);
    process.exit(1);
  }
  lap(name);
}
console.log(JSON.stringify(phases));
process.exit();
