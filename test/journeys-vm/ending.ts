import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { planLab } from "../../infra/lab/lab-plan.ts";
import { labMachines } from "../journeys/lab-nodes.ts";
import { expectNothingLeft, killAll, labId, processesOf } from "../journeys/left-over.ts";
import type { Stage } from "../journeys/stage.ts";
import { until } from "../journeys/until.ts";

const LAB = path.join(import.meta.dirname, "../../infra/lab/lab.ts");
const BOOTING_MS = 90_000;
const DOWN_MS = 20_000;

/** Virtual machines go with the lab, however it ends. */
export function ending(stage: Stage): void {
  test("SIGTERM ends virtual machines with everything else and leaves nothing", async () => {
    const id = labId(stage.stateDir);
    assert.equal(labMachines(stage.stateDir).length, 1);
    assert.equal((await stage.close()).code, 0);
    await expectNothingLeft(id, stage.stateDir);
  });
}

/** A start that never came to its end. */
export function endingEarly(): void {
  test("what a start leaves that is killed while a machine boots is gone after `lab down`", async () => {
    const stateDir = mkdtempSync(path.join(tmpdir(), "hostrouting-journeys-"));
    const { id } = planLab(stateDir);
    const args = ["--disable-warning=ExperimentalWarning", LAB, "up", "--state-dir", stateDir, "--nodes", "1", "--vm-nodes", "6.12"];
    const start = spawn(process.execPath, args, { stdio: "ignore" });
    const ended = new Promise((resolve) => start.once("exit", resolve));
    const emulators = (): number[] => processesOf(stateDir).filter((pid) => commandOf(pid).startsWith("qemu-system"));
    await until("the machine to be booting", BOOTING_MS, () => start.exitCode === null && labIsThere(stateDir) && emulators().length === 1);
    killAll(start.pid === undefined ? [] : [start.pid]);
    await ended;
    assert.equal(emulators().length, 1, "the machine does not depend on whoever started it");
    await lab("down", stateDir);
    await expectNothingLeft(id, stateDir);
    rmSync(stateDir, { recursive: true });
  });
}

function labIsThere(stateDir: string): boolean {
  try {
    return labId(stateDir) !== "";
  } catch {
    return false; // its record is not written yet
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}

function lab(verb: string, stateDir: string): Promise<void> {
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", LAB, verb, "--state-dir", stateDir], {
    stdio: ["ignore", "ignore", "inherit"],
    timeout: DOWN_MS,
  });
  return new Promise((resolve, reject) =>
    child.once("error", reject).once("exit", (code) => (code === 0 ? resolve() : reject(new Error(`lab ${verb} ended with ${code}`)))),
  );
}
