/**
 * What the kernel shows in one node's namespaces, asked without the product: run as a program through `nsenter`, prints JSON.
 * BPF ids are machine-wide, so programs are asked for per device (tcx query, else the filter list) and named by `bpftool`.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { NetlinkSocket, queryTcx, readFilters, readLinks, type DeviceSide } from "@hostrouting/bpf-loader";

/** One device: the names of the programs on its ingress and on its egress, in the order in which they run. */
export type DeviceView = { readonly name: string; readonly kind: string; readonly programs: readonly string[] };
/** `pins`: paths below our folder of the node's bpffs. `packets`: by `direction × reason` number of `hr_metrics`. */
export type KernelView = {
  readonly devices: readonly DeviceView[];
  readonly pins: readonly string[];
  readonly packets: Readonly<Record<number, number>>;
  readonly mode: number | undefined;
};

const PINS = "/sys/fs/bpf/acns-hostrouting";

/** What bpftool prints of a map's entry when it has the BTF of its value. */
type Entry = { formatted: { key: number; value?: { mode: number }; values?: { value: { packets: number } }[] } };

function bpftool<T>(...args: string[]): T {
  return JSON.parse(execFileSync("bpftool", ["-j", ...args], { encoding: "utf8", timeout: 10_000 }));
}

function programsOf(socket: NetlinkSocket, place: DeviceSide): string[] {
  const filters = readFilters(socket, place).flatMap((filter) => (filter.programId === undefined ? [] : [filter.programId]));
  let links: number[] = [];
  try {
    links = queryTcx(place);
  } catch {
    // Kernels before 6.6 have no tcx; there the filter list is all.
  }
  return [...links, ...filters].map((id) => bpftool<{ name: string }>("prog", "show", "id", String(id)).name);
}

function pinsBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const at = path.join(folder, entry.name);
    return entry.isDirectory() ? pinsBelow(at) : [at];
  });
}

function dump(pins: readonly string[], name: string): Entry[] {
  const pin = pins.find((one) => path.basename(one) === name);
  return pin === undefined ? [] : bpftool("map", "dump", "pinned", pin);
}

/** A switch in progress may take a program or map away between two questions about it; it does so once. */
const LOOKS_MAX = 3;

/** Looks at the namespaces that this process is in. */
export function viewKernel(): KernelView {
  for (let look = 1; ; look++)
    try {
      return lookOnce();
    } catch (error) {
      if (look === LOOKS_MAX) throw error;
    }
}

function lookOnce(): KernelView {
  const socket = NetlinkSocket.open();
  try {
    const devices = readLinks(socket).map(({ name, kind, index: ifindex }) => ({
      name,
      kind,
      programs: (["Ingress", "Egress"] as const).flatMap((side) => programsOf(socket, { ifindex, side })),
    }));
    const pins = pinsBelow(PINS);
    const packets: Record<number, number> = {};
    for (const { formatted } of dump(pins, "hr_metrics"))
      packets[formatted.key] = (formatted.values ?? []).reduce((sum, cpu) => sum + cpu.value.packets, 0);
    const mode = dump(pins, "hr_control")[0]?.formatted.value?.mode;
    return { devices, pins, packets, mode };
  } finally {
    socket.close();
  }
}

if (process.argv[1] === import.meta.filename) process.stdout.write(JSON.stringify(viewKernel()));
