import { after, before, describe, it } from "node:test";
import { playSwitch, SWITCH_VARIANTS } from "../netns/matrix-switch.ts";
import { startEcho, stopTraffic } from "../netns/traffic.ts";
import { PORT, TwoNodes } from "../netns/two-nodes.ts";

const TIMES = 5;

describe("the matrix of flows, again and again", () => {
  let nodes: TwoNodes;

  before(async () => {
    nodes = new TwoNodes();
    for (const pod of ["b", "c", "out"]) await startEcho(nodes, pod, PORT);
  });
  after(() => {
    stopTraffic();
    nodes.close();
  });

  for (let time = 1; time <= TIMES; time++)
    for (const { name, ...variant } of SWITCH_VARIANTS)
      it(`run ${time} of ${TIMES} breaks no flow: ${name}`, async () => void (await playSwitch(nodes, variant)));
});
