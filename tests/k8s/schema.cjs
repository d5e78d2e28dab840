// Usage: node schema.cjs NPM_FOLDER < OBJECTS_JSON > COMPLAINTS_JSON
//
// Holds Kubernetes objects against the published schemas, and says for each of them what is wrong. Two checks, because
// each is blind where the other sees: the validator knows required fields, patterns and formats but lets unknown fields
// pass; the compiler knows which fields exist.
"use strict";
const fs = require("fs");
const path = require("path");
const { createRequire } = require("module");

const npm = path.resolve(process.argv[2]);
const fromNpm = createRequire(path.join(npm, "package.json"));
const ts = fromNpm("typescript");

// The module that describes objects of this kind.
function moduleOf({ apiVersion, kind }) {
  const library = apiVersion.startsWith("monitoring.coreos.com/")
    ? "@kubernetes-models/prometheus-operator"
    : "kubernetes-models";
  return `${library}/${apiVersion}/${kind}`;
}

function validate(object) {
  try {
    const Model = fromNpm(moduleOf(object))[object.kind];
    new Model(object).validate();
    return [];
  } catch (error) {
    return error.message.split("\n");
  }
}

// One program for all objects: reading the declarations takes most of the time.
function compile(objects) {
  const file = path.join(npm, "objects.ts");  // never written; its place says where modules are found
  const lines = objects.flatMap((object, i) => [
    `import { I${object.kind} as Kind${i} } from ${JSON.stringify(moduleOf(object))};`,
    `export const object${i}: Kind${i} = ${JSON.stringify(object)};`,
  ]);
  const options = {
    strict: true, noEmit: true, skipLibCheck: true, types: [],
    target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.CommonJS,
    moduleResolution: ts.ModuleResolutionKind.Node10,
  };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  host.fileExists = (name) => name === file || fileExists(name);
  host.getSourceFile = (name, ...rest) =>
    name === file ? ts.createSourceFile(name, lines.join("\n"), ts.ScriptTarget.ES2022) : getSourceFile(name, ...rest);
  const program = ts.createProgram([file], options, host);
  const complaints = objects.map(() => []);
  for (const diagnostic of ts.getPreEmitDiagnostics(program)) {
    const text = ts.flattenDiagnosticMessageText(diagnostic.messageText, " ");
    if (diagnostic.file?.fileName !== file) throw new Error(text);  // nothing to do with an object
    const { line } = diagnostic.file.getLineAndCharacterOfPosition(diagnostic.start);
    complaints[Math.floor(line / 2)].push(text);
  }
  return complaints;
}

const objects = JSON.parse(fs.readFileSync(0, "utf8"));
const typed = compile(objects);
process.stdout.write(JSON.stringify(objects.map((object, i) => [...validate(object), ...typed[i]])));
