import { after } from "node:test";
import type { Series } from "../../infra/guests/guest-kernel.ts";
import { openStage } from "../journeys/stage.ts";
import { ending } from "./ending.ts";
import { guarding, keepsOff } from "./guarding.ts";
import { joining } from "./joining.ts";
import { switchedOff, switchedOn } from "./switching.ts";

/** The journeys of a node with a kernel of its own, one after the other on one stage: a virtual machine beside a node of namespaces. */
export async function guardedMachine(kernel: Series, kubeProxyMode: "iptables" | "nftables"): Promise<void> {
  const stage = await openStage({ nodes: 1, machines: [kernel], kubeProxyMode });
  after(() => stage.close());
  joining(stage);
  keepsOff(stage);
  switchedOn(stage);
  guarding(stage);
  switchedOff(stage);
  ending(stage);
}
