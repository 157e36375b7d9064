import assert from "node:assert/strict";
import { spawnSync, type SpawnSyncReturns } from "node:child_process";
import path from "node:path";
import { after, describe, it } from "node:test";
import { compileObject } from "./loader/compiled-object.ts";

const SEEDS = [1, 2, 3];
const CALLS = 10_000;
const TIMEOUT_MS = 60_000;

/** In namespaces of its own, so that a garbage request that the kernel takes harms nobody. */
function runNode(args: readonly string[]): SpawnSyncReturns<string> {
  const command = ["--net", "--mount", process.execPath, "--disable-warning=ExperimentalWarning", ...args];
  return spawnSync("unshare", command, { encoding: "utf8", timeout: TIMEOUT_MS });
}

describe("garbage", () => {
  const compiled = compileObject("loader_test");
  after(() => compiled.remove());

  for (const seed of SEEDS)
    it(`is refused by everything that the loader offers, and ends no process (seed ${seed})`, () => {
      const file = path.join(import.meta.dirname, "loader/fuzz-process.ts");
      const { status, signal, stdout, stderr } = runNode([file, compiled.file, String(seed), String(CALLS)]);
      assert.deepEqual({ status, signal, stderr }, { status: 0, signal: null, stderr: "" });
      const { calls, names, refused, wrong } = JSON.parse(stdout) as { calls: number; names: string[]; refused: number; wrong: string[] };
      assert.deepEqual(wrong, []);
      assert.equal(calls, CALLS);
      assert.ok(refused > CALLS / 2, `${refused} refused`);
      for (const name of ["BpfMap#lookup", "BpfObject.load", "BpfProgram#runPacket", "RingBuffer.open", "attachTcx", "createVeth"])
        assert.ok(names.includes(name), `${name} was tried`);
    });

  it("that reaches C does end a process, and is seen", () => {
    const crash = 'const k = (await import("koffi")).default; k.load("libbpf.so.1").func("int bpf_object__load(void*)")(8n);';
    assert.notEqual(runNode(["--input-type=module", "--eval", crash]).signal, null);
  });
});
