import { addressText } from "@hostrouting/bpf-loader";
import type { FlowEnd, TracedDirection } from "@hostrouting/domain";
import { ADDRESS_CLASS, CONNTRACK, KERNEL_LAYOUTS, REASONS, ROLE, type Member, type Struct } from "../host-routing/kernel-layout.ts";

/** HR_TRACE_NO_AGE and HR_TRACE_NO_ROUTE_ASKED (bpf/shared/host_routing.h). */
const NO_AGE = 2n ** 64n - 1n;
const NO_ROUTE_ASKED = -1000;
const NS_PER_MS = 1_000_000n;
const MAPPED_BYTES = 12;

/** BPF_FIB_LKUP_RET_* in order (linux/bpf.h). */
const ROUTE_ANSWERS = [
  "SUCCESS",
  "BLACKHOLE",
  "UNREACHABLE",
  "PROHIBIT",
  "NOT_FWDED",
  "FWD_DISABLED",
  "UNSUPP_LWT",
  "NO_NEIGH",
  "FRAG_NEEDED",
  "NO_SRC_ADDR",
] as const;
const CLASSES: Readonly<Record<number, TracedDirection["addressClass"]>> = {
  [ADDRESS_CLASS.STACK]: "Stack",
  [ADDRESS_CLASS.NATIVE]: "Native",
  [ADDRESS_CLASS.OWN_NODE]: "OwnNode",
  [ADDRESS_CLASS.MASQUERADE]: "Masquerade",
};
const VERDICTS: Readonly<Record<number, TracedDirection["conntrack"]>> = {
  [CONNTRACK.UNKNOWN]: "Unknown",
  [CONNTRACK.TRACE]: "Ended",
  [CONNTRACK.TRACKED]: "Tracked",
};

type Found = Pick<TracedDirection, "source" | "destination" | "keptOnStack"> & {
  found: Struct<"hr_trace">;
  ifindex: number;
  nameOf: (ifindex: number) => string;
};

/** The kernel's findings about one packet in the words of a trace. */
export function tracedDirection({ source, destination, keptOnStack, found, ifindex, nameOf }: Found): TracedDirection {
  const role = found.number("role");
  const flowAgeMs = age(found.bigint("flow_age_ns"));
  const natAgeMs = age(found.bigint("nat_age_ns"));
  const endpoint = found.number("endpoint_ifindex");
  return {
    source,
    destination,
    device: nameOf(ifindex),
    role: role === ROLE.POD ? "Pod" : role === ROLE.UPLINK ? "Uplink" : "None",
    reason: REASONS[found.number("reason")] ?? `Reason${found.number("reason")}`,
    sourceCheck: role === ROLE.POD ? sourceCheck(found.number("source_ifindex"), ifindex) : undefined,
    addressClass: CLASSES[found.number("class")] ?? "None",
    endpoint: endpoint === 0 ? undefined : nameOf(endpoint),
    keptOnStack,
    conntrack: VERDICTS[found.number("conntrack")] ?? "NotAsked",
    flowAgeMs,
    translation: natAgeMs === undefined ? undefined : { ...natEnd(found), ageMs: natAgeMs },
    route: route(found, nameOf),
  };
}

function sourceCheck(sourceIfindex: number, ifindex: number): TracedDirection["sourceCheck"] {
  if (sourceIfindex === 0) return "NoPod";
  return sourceIfindex === ifindex ? "Own" : "OtherDevice";
}

function route(found: Struct<"hr_trace">, nameOf: (ifindex: number) => string): TracedDirection["route"] {
  const answer = found.number("route") | 0;
  const ifindex = found.number("route_ifindex");
  const name = answer === NO_ROUTE_ASKED ? "NotAsked" : (ROUTE_ANSWERS[answer] ?? `errno ${-answer}`);
  return { answer: name, device: ifindex === 0 ? undefined : nameOf(ifindex), mtuBytes: found.number("route_mtu") };
}

/** IPv4 addresses stand behind ::ffff:0:0/96. */
function natEnd(found: Struct<"hr_trace">): FlowEnd {
  const bytes = memberBytes(found, KERNEL_LAYOUTS.hr_trace.members.nat_address);
  const isV4 = bytes.readUInt16BE(MAPPED_BYTES - 2) === 0xffff && bytes.subarray(0, MAPPED_BYTES - 2).every((byte) => byte === 0);
  return {
    address: addressText(isV4 ? bytes.subarray(MAPPED_BYTES) : bytes),
    port: memberBytes(found, KERNEL_LAYOUTS.hr_trace.members.nat_port).readUInt16BE(),
  };
}

function age(ns: bigint): number | undefined {
  return ns === NO_AGE ? undefined : Number(ns / NS_PER_MS);
}

function memberBytes(found: Struct<"hr_trace">, { offset, size }: Member): Buffer {
  return found.bytes.subarray(offset, offset + size);
}
