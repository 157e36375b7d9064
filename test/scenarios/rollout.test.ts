import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { waitReasons } from "@hostrouting/domain";
import { ScenarioPlayer } from "./play-scenario.ts";

/** Every `rollout/*.txt` is played and compared with the golden beside it; `UPDATE_GOLDENS=1` writes the goldens anew, for a person to read. */
const folder = new URL("rollout/", import.meta.url);

for (const file of readdirSync(folder).filter((name) => name.endsWith(".txt")))
  test(`rollout scenario ${file.replace(".txt", "").replaceAll("-", " ")}`, () => {
    const golden = new URL(file.replace(".txt", ".golden"), folder);
    const played = ScenarioPlayer.play(readFileSync(new URL(file, folder), "utf8"));
    if (process.env["UPDATE_GOLDENS"] === "1") writeFileSync(golden, played);
    assert.ok(existsSync(golden), `${golden.pathname} is missing; look at what UPDATE_GOLDENS=1 writes`);
    assert.equal(played, readFileSync(golden, "utf8"));
  });

test("every reason to wait is shown by a scenario", () => {
  const goldens = readdirSync(folder)
    .filter((name) => name.endsWith(".golden"))
    .map((name) => readFileSync(new URL(name, folder), "utf8"));
  const untold = waitReasons.filter((reason) => !goldens.some((golden) => golden.includes(` waits ${reason}`)));
  assert.deepEqual(untold, []);
});
