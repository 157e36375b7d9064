import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { pythonEnvironment } from "./python-environment.mjs";

const lists = globSync("*.txt", { cwd: path.join(import.meta.dirname, "../python") });

test("every list of Python packages pins each of them exactly", () => {
  assert.ok(lists.length > 0);
  for (const list of lists)
    for (const line of readFileSync(path.join(import.meta.dirname, "../python", list), "utf8")
      .trim()
      .split("\n"))
      assert.match(
        line,
        /^#|^[A-Za-z0-9._-]+(\[\w+\])?==[0-9][A-Za-z0-9.]*( ; [\w '<>=!.()]+)?( \\)?$|^ {4}--hash=sha256:[0-9a-f]{64}( \\)?$/,
        list,
      );
});

test("an environment is named for its list and for what stands in it; without a list there is none", () => {
  const name = path.basename(pythonEnvironment("conformance"));
  assert.match(name, /^conformance-[0-9a-f]{12}$/);
  assert.throws(() => pythonEnvironment("nothing"), /ENOENT/);
});
