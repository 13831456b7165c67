// Compiles what the first picture imports, by the Python of the site itself.
// usage: node bytecode.mjs STATIC_PYODIDE SCRIPT TARGET: byte code goes to TARGET, as in site-packages
import { readFileSync } from "node:fs";
import { resolve } from "node:path";

const folder = `${resolve(process.argv[2])}/`;
const { loadPyodide } = await import(`${folder}pyodide.mjs`);
const pyodide = await loadPyodide({ indexURL: folder });
const { labkit } = JSON.parse(readFileSync(`${folder}pyodide-lock.json`, "utf8"));
await pyodide.loadPackage(labkit.first, { messageCallback: () => {} });
pyodide.FS.mkdirTree("/compiled");
pyodide.mountNodeFS("/compiled", resolve(process.argv[4]));
pyodide.runPython(readFileSync(process.argv[3], "utf8"));
process.exit();
