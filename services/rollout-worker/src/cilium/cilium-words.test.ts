import assert from "node:assert/strict";
import { test } from "node:test";
import { as, type Instant } from "@hostrouting/domain";
import { CILIUM_AGENT_CONTAINER, type CiliumAccess, type V1Pod } from "@hostrouting/kube";
import { CiliumWords } from "./cilium-words.ts";

const pod = (name: string): V1Pod =>
  ({
    metadata: { name, uid: `uid-${name}` },
    spec: { nodeName: name },
    status: {
      conditions: [{ type: "Ready", status: "True" }],
      containerStatuses: [{ name: CILIUM_AGENT_CONTAINER, containerID: `containerd://${name}` }],
    },
  }) as V1Pod;

/** Agents of which those with a name that begins with `mute` never answer. */
function agents(asked: string[]): CiliumAccess {
  return {
    async agentStatus(name: string) {
      asked.push(name);
      if (name.startsWith("mute")) throw new Error("no answer in 5 s");
      return JSON.stringify({ routing: { "intra-host-routing-mode": "BPF" } });
    },
  } as unknown as CiliumAccess;
}

const pods = [...Array.from({ length: 64 }, (_, at) => pod(`mute-${at}`)), pod("well")];

test("agents that never answer keep nobody else from being asked", async () => {
  const words = new CiliumWords();
  const asked: string[] = [];
  for (let round = 0; round < 3; round += 1)
    await words.read(agents(asked), pods, { now: as<Instant>(round * 1_000), freshMs: () => 240_000 });
  assert.ok(asked.includes("well"), `of ${pods.length} agents the same ${new Set(asked).size} were asked in each of three rounds`);
});

test("an agent that did not answer is not asked again in the very next round", async () => {
  const words = new CiliumWords();
  const asked: string[] = [];
  for (const now of [0, 500, 1_000, 9_999])
    await words.read(agents(asked), [pod("mute")], { now: as<Instant>(now), freshMs: () => 240_000 });
  assert.equal(asked.length, 1);
  await words.read(agents(asked), [pod("mute")], { now: as<Instant>(10_000), freshMs: () => 240_000 });
  assert.equal(asked.length, 2);
});
