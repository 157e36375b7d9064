import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { everyLine } from "../journeys/azure-lines.ts";
import { checkout } from "./cruise.ts";

test("docs/conformance.md lists the lines of az that run against npm start, with their requests, and no others", () => {
  const page = readFileSync(path.join(checkout, "docs/conformance.md"), "utf8");
  const listed = [...page.matchAll(/^\| `(az [^`]+)` +\| (.+?) +\|$/gm)].map(([, line, requests]) => `${line}: ${requests}`);
  const inFull = everyLine.map(({ az, requests }) => `az ${az.replace(/ --query \S+( -o \w+)?$/, "")}: ${requests.join(", ")}`);
  assert.deepEqual(listed, inFull);
});
