/** Links within the documents lead somewhere, and every page of the manual stands in its index. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { checkout } from "./cruise.ts";
import { brokenLinks } from "./links.ts";

const DOCUMENTS_MIN = 30;

const read = (file: string): string | undefined => {
  const at = path.join(checkout, file);
  if (!existsSync(at)) return undefined;
  return file.endsWith(".md") ? readFileSync(at, "utf8") : "";
};

test("every link of the documents to a file or a heading leads there", () => {
  const listed = execFileSync("git", ["ls-files", "-co", "--exclude-standard", "*.md"], { cwd: checkout, encoding: "utf8" });
  const documents = listed.split("\n").filter((file) => file !== "" && existsSync(path.join(checkout, file)));
  assert.ok(documents.length >= DOCUMENTS_MIN, `only ${documents.length} documents were read`);
  assert.deepEqual(
    documents.flatMap((file) => brokenLinks(file, read)),
    [],
  );
});

test("every page of the manual stands in its index", () => {
  const listed = execFileSync("git", ["ls-files", "-co", "--exclude-standard", "docs/*.md"], { cwd: checkout, encoding: "utf8" });
  const pages = listed.split("\n").filter((file) => /^docs\/[^/]+\.md$/.test(file) && file !== "docs/README.md");
  const index = read("docs/README.md") ?? "";
  assert.deepEqual(
    pages.filter((file) => !index.includes(`](${path.basename(file)})`)),
    [],
  );
});

const other = "# One `two`: three\n```\n# no heading\n```\n";
const files: Readonly<Record<string, string>> = { "docs/other.md": other, "infra/azure": "" };
const rows: readonly (readonly [text: string, broken: readonly string[]])[] = [
  ["[a](other.md) [b](../infra/azure) [c](https://nowhere.test/x.md)", []],
  ["[a](gone.md)", ["docs/page.md: gone.md leads nowhere"]],
  ["[a](other.md#one-two-three)", []],
  ["[a](other.md#no-heading)", ["docs/page.md: other.md has no heading #no-heading"]],
  ["# Here\n[a](#here) [b](#there)", ["docs/page.md: docs/page.md has no heading #there"]],
  ["```\n[a](gone.md)\n```", []],
];
for (const [text, broken] of rows)
  test(`links of ${JSON.stringify(text)}`, () => {
    assert.deepEqual(
      brokenLinks("docs/page.md", (file) => (file === "docs/page.md" ? text : files[file])),
      broken,
    );
  });
