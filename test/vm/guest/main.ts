import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { NetlinkSocket } from "@hostrouting/bpf-loader";
import { explain } from "@hostrouting/domain";
import { Datapath } from "../../../services/node-agent/src/host-routing/datapath.ts";
import { DeviceHooks, probeHook } from "../../../services/node-agent/src/host-routing/device-hooks.ts";
import { gateConstants, probeGate, type GateVariant } from "../../../services/node-agent/src/host-routing/gate-variant.ts";
import { PinFolder } from "../../../services/node-agent/src/host-routing/pin-folder.ts";
import { runSelfTest, type SelfTest } from "../../../services/node-agent/src/host-routing/self-test.ts";
import { HOST_ROUTING, loadObjects, OBJECTS } from "../load-objects.ts";
import type { GuestLine } from "./report.ts";

/** Runs inside the guest: loads every object as the agent does, once without and once with conntrack, and lets packets take the fast path. */
const PINS = "/sys/fs/bpf/guest";
const COMMAND_TIMEOUT_MS = 30_000;
const SELF_TESTS_MAX = 5;
const STDOUT = 1;

function tell(line: GuestLine): void {
  writeSync(STDOUT, `${JSON.stringify(line)}\n`);
}

function loadConntrack(): void {
  for (const module of readFileSync("/modules/conntrack", "utf8").trim().split("\n"))
    execFileSync("/bin/insmod", [module], { timeout: COMMAND_TIMEOUT_MS });
}

/** Asks for the best gate that this kernel takes, as the agent does, and loads with the one that it should take: a refusal says why not. */
function tryEverything(conntrack: boolean): void {
  const gate = probeGate(path.join(OBJECTS, HOST_ROUTING));
  tell({ kind: "objects", conntrack, gate: gate ?? "none", objects: loadObjects(conntrack ? "Conntrack" : "HandshakeOnly") });
  if (gate === "Conntrack") sendPackets(gate); // the self-test's datagrams are UDP, which needs conntrack to be fast
}

/** Two namespaces that only the fast path connects: the agent's own proof. */
function sendPackets(gate: GateVariant): void {
  const hook = probeHook();
  mkdirSync(PINS, { recursive: true });
  const constants = gateConstants(gate, false);
  const datapath = Datapath.load(new PinFolder(PINS, "guest"), path.join(OBJECTS, HOST_ROUTING), { constants });
  const socket = NetlinkSocket.open();
  datapath.switchOn(1, 0);
  const { outcome, message } = retriedSelfTest(datapath, new DeviceHooks(socket, hook));
  tell({ kind: "self-test", hook, outcome, message, fastLocal: datapath.counters().fromPod.FastLocal });
  datapath.switchOff();
  datapath.pins.remove();
  datapath.close();
  socket.close();
}

/** An emulated processor on a busy machine may need longer for a test than the programs believe a sign of life. */
function retriedSelfTest(datapath: Datapath, hooks: DeviceHooks): SelfTest {
  for (let attempt = 1; ; attempt++) {
    datapath.beat(process.hrtime.bigint());
    const result = runSelfTest(datapath, hooks);
    if (result.outcome === "Passed" || attempt === SELF_TESTS_MAX) return result;
  }
}

try {
  tell({ kind: "kernel", release: os.release(), hook: probeHook() });
  tryEverything(false);
  loadConntrack();
  tryEverything(true);
} catch (error) {
  tell({ kind: "failure", message: explain(error) });
}
tell({ kind: "end" });
