import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { BpfMap, NetworkNamespace } from "@hostrouting/bpf-loader";
import { encodeKey } from "../../services/node-agent/src/disruption/disruption-layout.ts";
import { DisruptionMeter } from "../../services/node-agent/src/disruption/disruption-meter.ts";
import type { PodDisruption } from "../../services/node-agent/src/disruption/switch-report.ts";
import { mountPins } from "./loader/compiled-object.ts";

const OBJECT = path.join(import.meta.dirname, "../../bpf/build/disruption.bpf.o");
const SCRIPT = path.join(import.meta.dirname, "connection-endings.ts");
const TIMEOUT_MS = 30_000;
const ADDRESS = "10.99.0.5";
const VERSION = "0123456789ab";
/** The kernel gives the lowest number that is free, and others on this machine make and end namespaces too. */
const TRIES = 5;
const GIVEN_AGAIN_MS = 10_000;
const LOOK_MS = 50;
const MINUTE_NS = 60_000_000_000n;
const MORE_THAN_ARE_KEPT = 1_100n;
/** Cookies are given one after the other, and no machine comes this far. */
const NEVER_GIVEN = 2n ** 40n;

const RESET = { reset: 1, timeout: 0, connectFailure: 0 };

describe("whose the connections of a network namespace were", () => {
  const pins = mountPins();
  const folder = mkdtempSync(path.join(tmpdir(), "pod-namespaces-"));
  const names = new Set<string>();
  let meter: DisruptionMeter;
  let aheadNs = 0n;
  before(() => {
    meter = new DisruptionMeter({
      pinRoot: `${pins.folder}/disruption`,
      version: VERSION,
      objectPath: OBJECT,
      namespaces: folder,
      monotonicNs: () => process.hrtime.bigint() + aheadNs,
    });
  });
  beforeEach(() => meter.setOwners(new Map()));
  after(() => {
    meter.end();
    for (const name of names) remove(name);
    rmSync(folder, { recursive: true });
    pins.remove();
  });

  const fileOf = (name: string): string => `/run/netns/${name}`;
  const make = (): string => {
    const name = `hn${randomBytes(3).toString("hex")}`;
    run("ip", ["netns", "add", name]);
    names.add(name);
    run("ip", ["-n", name, "link", "set", "lo", "up"]);
    return name;
  };
  /** As the container runtime does: the pod's address is in it, and then it is named. */
  const bringUp = (name: string): void => {
    run("ip", ["-n", name, "address", "add", `${ADDRESS}/32`, "dev", "lo"]);
    symlinkSync(fileOf(name), path.join(folder, name));
  };
  const remove = (name: string): void => {
    rmSync(path.join(folder, name), { force: true });
    run("ip", ["netns", "del", name]);
    names.delete(name);
  };
  const reset = (name: string): void => run("nsenter", [`--net=${fileOf(name)}`, process.execPath, SCRIPT, "reset"]);
  /** A namespace that has the inode number of one that is gone; nothing when others on this machine were given it. */
  const makeWithNumber = async (inode: number): Promise<string | undefined> => {
    const lower: string[] = [];
    const deadline = performance.now() + GIVEN_AGAIN_MS;
    try {
      while (performance.now() < deadline) {
        const name = make();
        const given = statSync(fileOf(name)).ino;
        if (given === inode) return name;
        if (given < inode) {
          lower.push(name);
          continue;
        }
        // The kernel clears namespaces away one after the other, and has not come to that one.
        remove(name);
        await pause(LOOK_MS);
      }
      return undefined;
    } finally {
      for (const name of lower) remove(name);
    }
  };
  /** A pod's namespace from its beginning to its end, and then one that has its inode number. */
  const makeAfter = async (life: (first: string) => void): Promise<string> => {
    for (let tries = 0; tries < TRIES; tries++) {
      const first = make();
      const inode = statSync(fileOf(first)).ino;
      life(first);
      remove(first);
      const second = await makeWithNumber(inode);
      if (second !== undefined) return second;
    }
    throw new Error(`The kernel has not given the number of any of ${TRIES} namespaces again.`);
  };
  const namedPods = (): PodDisruption[] | undefined => {
    const { report, fault } = meter.observe();
    assert.equal(fault, undefined);
    return report?.byPod;
  };
  const owner = (pod: string): void => meter.setOwners(new Map([[ADDRESS, pod]]));

  it("stay the first pod's when another pod's namespace is given the same number", async () => {
    const second = await makeAfter((first) => {
      bringUp(first);
      owner("shop/first");
      meter.step("On");
      reset(first);
    });
    bringUp(second);
    owner("shop/second");
    assert.deepEqual(namedPods(), [{ pod: "shop/first", ...RESET }]);
    reset(second);
    assert.deepEqual(
      namedPods()?.toSorted((a, b) => a.pod.localeCompare(b.pod)),
      [
        { pod: "shop/first", ...RESET },
        { pod: "shop/second", ...RESET },
      ],
    );
    remove(second);
  });

  it("are nobody's where the pod was gone before anybody had named its namespace", async () => {
    const second = await makeAfter((first) => {
      meter.step("On");
      reset(first);
    });
    bringUp(second);
    owner("shop/second");
    assert.deepEqual(namedPods(), []);
    assert.ok((meter.observe().report?.unattributed ?? 0) >= 1);
    remove(second);
  });

  it("are told under the new pod's name as soon as its address is known for its own", () => {
    const name = make();
    bringUp(name);
    owner("shop/before");
    meter.step("On");
    reset(name);
    assert.deepEqual(namedPods(), [{ pod: "shop/before", ...RESET }]);
    owner("shop/now");
    assert.deepEqual(namedPods(), [{ pod: "shop/now", ...RESET }]);
    remove(name);
  });

  it("are forgotten between two switches when too many namespaces are gone, but stay in what is usual here, and with one that is there", () => {
    meter.step("On");
    aheadNs += MINUTE_NS;
    meter.observe();
    const gone = make();
    bringUp(gone);
    owner("shop/gone");
    aheadNs += MINUTE_NS;
    meter.observe();
    reset(gone);
    const goneCookie = cookieOf(gone);
    remove(gone);
    const there = make();
    bringUp(there);
    owner("shop/there");
    reset(there);
    const [counts, state] = ["hd_counts", "hd_state"].map((map) => BpfMap.openPinned(`${pins.folder}/disruption/${VERSION}/${map}`));
    assert.ok(counts && state);
    try {
      const epoch = state.lookup(Buffer.alloc(4))?.readUInt32LE(0) ?? 0;
      const isCounted = (netns: bigint): boolean => counts.lookup(encodeKey({ netns, epoch })) !== undefined;
      for (let more = 0n; more < MORE_THAN_ARE_KEPT; more++)
        counts.update(encodeKey({ netns: NEVER_GIVEN + more, epoch }), Buffer.alloc(counts.valueSize));
      assert.deepEqual([goneCookie, NEVER_GIVEN, cookieOf(there)].map(isCounted), [true, true, true]);
      aheadNs += MINUTE_NS;
      meter.observe();
      assert.deepEqual([goneCookie, NEVER_GIVEN, cookieOf(there)].map(isCounted), [false, false, true]);
    } finally {
      counts.close();
      state.close();
    }
    meter.step("On");
    assert.deepEqual([namedPods(), meter.observe().report?.before.disrupted], [[], 2]);
    remove(there);
  });

  function cookieOf(name: string): bigint {
    const namespace = NetworkNamespace.openNamed(fileOf(name));
    try {
      return namespace.cookie;
    } finally {
      namespace.close();
    }
  }
});

function run(command: string, args: readonly string[]): void {
  execFileSync(command, args, { timeout: TIMEOUT_MS, stdio: ["ignore", "ignore", "pipe"] });
}
