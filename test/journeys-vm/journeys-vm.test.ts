/**
 * Journeys on nodes with kernels of their own: `npm start` with a virtual machine beside a node of namespaces. What a node's own kernel must
 * allow (denying by BPF) is proved here and nowhere else. They run one after the other on one stage.
 */
import { after } from "node:test";
import { openStage } from "../journeys/stage.ts";
import { ending } from "./ending.ts";
import { guarding, keepsOff } from "./guarding.ts";
import { joining } from "./joining.ts";
import { switchedOff, switchedOn } from "./switching.ts";

const stage = await openStage({ nodes: 1, machines: ["6.12"] });
after(() => stage.close());
/** An emulated node needs as long for its agent's first scan as the lab's policy gives a whole switch. */
await stage.arm.setPolicy({ confirmSeconds: 180 });

joining(stage);
keepsOff(stage);
switchedOn(stage);
guarding(stage);
switchedOff(stage);
ending(stage);
