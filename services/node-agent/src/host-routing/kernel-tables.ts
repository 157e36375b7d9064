import type { BpfMap } from "@hostrouting/bpf-loader";
import type { Datapath } from "./datapath.ts";
import { kernelAddress, kernelPrefix } from "./kernel-address.ts";
import { ENDPOINT_FLAG, KERNEL_LAYOUTS, ROLE, Struct } from "./kernel-layout.ts";
import type { NodeDevices } from "./node-devices.ts";

const LAST_STACK_UDP = KERNEL_LAYOUTS.hr_endpoint.members.last_stack_udp_ns;

/** Makes the kernel's endpoint and device tables say what `devices` says. Writes differences only. @param nowNs CLOCK_MONOTONIC. */
export function syncDevices(datapath: Datapath, devices: NodeDevices, nowNs: bigint): void {
  const endpoints = new Map<string, Buffer>();
  const roles = new Map<string, Buffer>();
  for (const pod of devices.pods) {
    const value = new Struct("hr_endpoint").set("ifindex", pod.ifindex).set("mtu", pod.mtuBytes);
    value
      .set("pod_mac", pod.podMac)
      .set("host_mac", pod.hostMac)
      .set("flags", pod.stay ? ENDPOINT_FLAG.OPT_OUT : 0);
    for (const address of pod.addresses) endpoints.set(kernelAddress(address).toString("hex"), Buffer.from(value.bytes));
    roles.set(u32(pod.ifindex).toString("hex"), device(ROLE.POD, pod.mtuBytes));
  }
  for (const uplink of devices.uplinks) roles.set(u32(uplink.ifindex).toString("hex"), device(ROLE.UPLINK, uplink.mtuBytes));
  syncMap(datapath.maps.hr_endpoints, endpoints, (wanted, found) => updateEndpoint(wanted, found, nowNs));
  syncMap(datapath.maps.hr_devices, roles, differing);
}

/**
 * Makes the kernel's range table say what `classes` says, in its order; the longest prefix decides. With `keepOthers` ranges that are
 * not mentioned stay as they are: nobody knows yet whether they are right.
 */
export function syncRanges(datapath: Datapath, classes: ReadonlyMap<string, number>, keepOthers: boolean): void {
  const table = new Map([...classes].map(([range, addressClass]) => [kernelPrefix(range).toString("hex"), u32(addressClass)]));
  writeAll(datapath.maps.hr_ranges, table, differing);
  if (!keepOthers) removeOthers(datapath.maps.hr_ranges, table);
}

/** What to write over `found`, or undefined to leave it. */
type Differ = (wanted: Buffer, found: Buffer | undefined) => Buffer | undefined;

/** Additions come before removals, so that no window opens for an address that moves between ranges. */
function syncMap(map: BpfMap, wanted: ReadonlyMap<string, Buffer>, differ: Differ): void {
  writeAll(map, wanted, differ);
  removeOthers(map, wanted);
}

function writeAll(map: BpfMap, wanted: ReadonlyMap<string, Buffer>, differ: Differ): void {
  for (const [key, value] of wanted) {
    const change = differ(value, map.lookup(Buffer.from(key, "hex")));
    if (change) map.update(Buffer.from(key, "hex"), change);
  }
}

function removeOthers(map: BpfMap, wanted: ReadonlyMap<string, Buffer>): void {
  for (const key of map.keys()) if (!wanted.has(key.toString("hex"))) map.delete(key);
}

const differing: Differ = (wanted, found) => (found && wanted.equals(found) ? undefined : wanted);

/** The last member belongs to the kernel. A changed endpoint starts as "has just sent to the stack": flows are checked again. */
function updateEndpoint(wanted: Buffer, found: Buffer | undefined, nowNs: bigint): Buffer | undefined {
  if (found?.subarray(0, LAST_STACK_UDP.offset).equals(wanted.subarray(0, LAST_STACK_UDP.offset))) return undefined;
  wanted.writeBigUInt64LE(nowNs, LAST_STACK_UDP.offset);
  return wanted;
}

function device(role: number, mtuBytes: number): Buffer {
  return new Struct("hr_device").set("role", role).set("mtu", mtuBytes).bytes;
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
