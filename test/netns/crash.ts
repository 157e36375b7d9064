import { mock } from "node:test";
import { BpfMap, BpfProgram, Conntrack, NetlinkSocket, NetworkNamespace } from "@hostrouting/bpf-loader";
import { DeviceHooks } from "../../services/node-agent/src/host-routing/device-hooks.ts";
import { PinFolder } from "../../services/node-agent/src/host-routing/pin-folder.ts";

/** Every call by which an agent changes something that outlives it. */
const CHANGES: readonly (readonly [object, string])[] = [
  [BpfMap.prototype, "update"],
  [BpfMap.prototype, "delete"],
  [BpfMap.prototype, "pin"],
  [BpfProgram.prototype, "pin"],
  [BpfProgram.prototype, "runSyscall"],
  [NetlinkSocket.prototype, "change"],
  [Conntrack.prototype, "enterTranslated"],
  [Conntrack.prototype, "remove"],
  [DeviceHooks.prototype, "attach"],
  [DeviceHooks.prototype, "attachGuard"],
  [DeviceHooks.prototype, "detach"],
  [PinFolder.prototype, "create"],
  [PinFolder.prototype, "remove"],
];

class Crash extends Error {}

/**
 * Does `work` as an agent does that is killed after so many changes: no further one happens, nor what would tidy up, and namespaces that
 * only its descriptors held end with it. Answers how many changes were asked for.
 */
export function dieAfter(changes: number, work: () => void): number {
  let asked = 0;
  const made: NetworkNamespace[] = [];
  const { create } = NetworkNamespace;
  const creating = mock.method(NetworkNamespace, "create", () => {
    const namespace = create.call(NetworkNamespace);
    made.push(namespace);
    return namespace;
  });
  const replaced = CHANGES.map(([prototype, name]) => {
    const original = Reflect.get(prototype, name) as (...args: unknown[]) => unknown;
    return mock.method(prototype as Record<string, (...args: unknown[]) => unknown>, name, function (this: unknown, ...args: unknown[]) {
      asked++;
      if (asked > changes) throw new Crash("the agent is dead");
      return original.apply(this, args);
    });
  });
  try {
    work();
  } catch (error) {
    if (!(error instanceof Crash)) throw error;
  } finally {
    for (const replacement of [...replaced, creating]) replacement.mock.restore();
    for (const namespace of made) namespace.close();
  }
  return asked;
}

/** `count` numbers of changes spread over `total`, the first and the last included. */
export function spread(total: number, count: number): number[] {
  return [...new Set(Array.from({ length: count }, (_, index) => Math.round((index * (total - 1)) / (count - 1))))];
}
