/** What whoever asks for a run wrongly is told: what is wrong, and what to do; 2 says that nothing was asked. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import path from "node:path";
import { test } from "node:test";

const MAIN = path.join(import.meta.dirname, "main.ts");
const TIMEOUT_MS = 60_000;
const CLUSTER = ["--cluster", "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/c"];

const wrong: readonly (readonly [words: readonly string[], said: RegExp])[] = [
  [["--only", "F9-1"], /^conformance: There is no point F9-1\. There are F1-1 to/],
  [["--endpoint", "http://arm.test"], /^conformance: --endpoint is 'http:\/\/arm\.test'\. It must begin with https/],
  [["--endpoint", "https://arm.test"], /^conformance: No cluster of the endpoint is named\. Add --cluster/],
  [["--endpoint", "https://arm.test", ...CLUSTER], /^conformance: How a token for the endpoint is had is not said\. Add --token-file/],
];
for (const [words, said] of wrong)
  test(`refused: ${words.slice(0, 3).join(" ")}`, () => {
    const ended = spawnSync(process.execPath, ["--disable-warning=ExperimentalWarning", MAIN, ...words], {
      encoding: "utf8",
      timeout: TIMEOUT_MS,
    });
    assert.equal(ended.status, 2, ended.stderr);
    assert.match(ended.stderr, said);
  });
