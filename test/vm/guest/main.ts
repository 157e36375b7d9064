import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { NetlinkSocket } from "@hostrouting/bpf-loader";
import { explain } from "@hostrouting/domain";
import { Datapath } from "../../../services/node-agent/src/host-routing/datapath.ts";
import { DeviceHooks, probeHook } from "../../../services/node-agent/src/host-routing/device-hooks.ts";
import { PinFolder } from "../../../services/node-agent/src/host-routing/pin-folder.ts";
import { runSelfTest } from "../../../services/node-agent/src/host-routing/self-test.ts";
import { loadObjects, OBJECTS } from "../load-objects.ts";
import type { GuestLine } from "./report.ts";

/** Runs inside the guest: loads every object as the agent does, once without and once with conntrack, and lets packets take the fast path. */
const PINS = "/sys/fs/bpf/guest";
const COMMAND_TIMEOUT_MS = 30_000;
const STDOUT = 1;

function tell(line: GuestLine): void {
  writeSync(STDOUT, `${JSON.stringify(line)}\n`);
}

function loadConntrack(): void {
  for (const module of readFileSync("/modules/conntrack", "utf8").trim().split("\n"))
    execFileSync("/bin/insmod", [module], { timeout: COMMAND_TIMEOUT_MS });
}

/** Two namespaces that only the fast path connects: the agent's own proof. */
function sendPackets(): void {
  const hook = probeHook();
  mkdirSync(PINS);
  const datapath = Datapath.load(new PinFolder(PINS, "guest"), path.join(OBJECTS, "host_routing.bpf.o"));
  const socket = NetlinkSocket.open();
  datapath.switchOn(1, 0);
  datapath.beat(process.hrtime.bigint());
  const { outcome, message } = runSelfTest(datapath, new DeviceHooks(socket, hook));
  tell({ kind: "self-test", hook, outcome, message, fastLocal: datapath.counters().fromPod.FastLocal });
  datapath.switchOff();
  datapath.pins.remove();
  datapath.close();
  socket.close();
}

try {
  tell({ kind: "kernel", release: os.release(), hook: probeHook() });
  tell({ kind: "objects", conntrack: false, objects: loadObjects() });
  loadConntrack();
  tell({ kind: "objects", conntrack: true, objects: loadObjects() });
  sendPackets();
} catch (error) {
  tell({ kind: "failure", message: explain(error) });
}
tell({ kind: "end" });
