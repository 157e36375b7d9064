import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { checkout } from "./cruise.ts";
import { tidyRules, type SourceFile } from "./tidy-rules.ts";

const FILES_MIN = 150;
const NUL = "\0";

/** Tracked files and new ones that no rule of .gitignore leaves out; not the tree that breaks rules on purpose. */
function filesOfCheckout(): SourceFile[] {
  const listed = execFileSync("git", ["ls-files", "-co", "--exclude-standard", "-z"], {
    cwd: checkout,
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  const names = listed.split(NUL).filter((name) => name !== "" && !name.startsWith("test/architecture/canary/"));
  return names.flatMap((name) => {
    try {
      return [{ path: name, text: readFileSync(path.join(checkout, name), "latin1") }];
    } catch {
      return []; // deleted and not yet committed
    }
  });
}

test("every file is tidy", () => {
  const files = filesOfCheckout();
  assert.ok(files.length >= FILES_MIN, `only ${files.length} files were read`);
  const problems = files.flatMap((file) =>
    tidyRules.flatMap((rule) =>
      [rule.broken(file)].filter((problem) => problem !== undefined).map((problem) => `${file.path} ${problem} (${rule.name})`),
    ),
  );
  assert.deepEqual(problems, []);
});

/** For each rule a file that breaks it, and one that only looks as if. */
const CANARIES: Readonly<Record<string, { bad: SourceFile; good: SourceFile }>> = {
  "short-files": {
    bad: { path: "packages/x/src/x.ts", text: "//\n".repeat(401) },
    good: { path: "packages/x/src/x.gen.ts", text: "//\n".repeat(401) },
  },
  "names-that-say-something": {
    bad: { path: "packages/x/src/utils.ts", text: "" },
    good: { path: "packages/x/src/util-linux.ts", text: "" },
  },
  "kebab-case-names": { bad: { path: "packages/x/src/aB.ts", text: "" }, good: { path: "bpf/x/host_routing.bpf.c", text: "" } },
  "packages-introduce-themselves": {
    bad: { path: "packages/x/src/index.ts", text: "export {};" },
    good: { path: "packages/x/src/index.ts", text: "/** X. */" },
  },
  "no-binaries": { bad: { path: "bpf/x.bin", text: `ELF${NUL}` }, good: { path: "bpf/x.txt", text: "ELF" } },
  "top-level": { bad: { path: "scripts/x.sh", text: "" }, good: { path: "CHANGES.md", text: "" } },
  "no-test-left-out": {
    bad: { path: "test/x/x.test.ts", text: ["test", "skip('x')"].join(".") },
    good: { path: "test/x/x.ts", text: "skip" },
  },
  "named-exports": {
    bad: { path: "packages/x/src/x.ts", text: "export default 1;" },
    good: { path: "packages/x/src/x.ts", text: "/** X. */\nexport const x = 1;" },
  },
  "explained-exports": {
    bad: { path: "packages/x/src/x.ts", text: "\nexport const x = 1;" },
    good: { path: "packages/x/src/x.ts", text: "/** X. */\nexport const x = 1;" },
  },
};

for (const rule of tidyRules)
  test(`the rule ${rule.name} bites, and only where it should`, () => {
    const canary = CANARIES[rule.name];
    assert.ok(canary, "no canary proves this rule");
    assert.notEqual(rule.broken(canary.bad), undefined);
    assert.equal(rule.broken(canary.good), undefined);
  });
