import { readAddresses, type NetlinkSocket } from "@hostrouting/bpf-loader";
import type { Datapath } from "../host-routing/datapath.ts";
import type { UplinkDevice } from "../host-routing/node-devices.ts";
import type { HostPort } from "../pods/node-pod.ts";
import type { OutsideRanges } from "./address-classes.ts";
import { readKernelSettings, type KernelSettings } from "./kernel-settings.ts";
import { readSettings, writeHostPorts, writeSettings, writeSources } from "./masquerade-tables.ts";
import { planPorts, type PortRange } from "./port-ranges.ts";
import { sourceAddresses } from "./source-addresses.ts";

/** What masquerading should be. `enabled` false: no new flow is translated. `outside` undefined: the stack has everything that is not the cluster's. */
export type MasqueradeWish = {
  enabled: boolean;
  outside: OutsideRanges | undefined;
  nodePorts: PortRange;
  hostPorts: readonly HostPort[];
};

/**
 * What the kernel shows of it. `shared`: the node's sockets pick from the same ports. `live`: translated flows at the last collection;
 * `full`: their share of the table; `removed`: by this process.
 */
export type MasqueradeObservation = { enabled: boolean; ports: PortRange[]; shared: boolean; live: number; removed: number; full: number };

const MS_TO_NS = 1_000_000n;
const COLLECT_EVERY_MS = 30_000n;
/** Sysctls hardly ever change; a few files a minute cost nothing. */
const SETTINGS_AGE_MS = 60_000n;

/** Keeps the kernel's part of masquerading as it should be. Carries between calls only what is cheaper to keep than to ask. */
export class KernelMasquerade {
  readonly #monotonicNs: () => bigint;
  #settings: { read: KernelSettings; atNs: bigint } | undefined;
  #shared = false;
  #collected: { live: number; removed: number; atNs: bigint } | undefined;

  /** @param monotonicNs CLOCK_MONOTONIC. */
  constructor(monotonicNs: () => bigint) {
    this.#monotonicNs = monotonicNs;
  }

  /** Settings and forbidden ports, from the wish and from the sysctls of the current network namespace. */
  apply(datapath: Datapath, wish: MasqueradeWish): void {
    const { timeouts, ephemeral, reserved } = this.#readSettings();
    const { ranges, shared } = planPorts({ ephemeral, nodePorts: wish.nodePorts });
    this.#shared = shared;
    writeHostPorts(datapath, wish.hostPorts, reserved);
    writeSettings(datapath, { enabled: wish.enabled, ranges, timeouts });
  }

  /** Addresses of the uplinks; called whenever the network has changed. */
  followSources(
    datapath: Datapath,
    socket: NetlinkSocket,
    of: { uplinks: readonly UplinkDevice[]; nodeAddresses: readonly string[] },
  ): void {
    writeSources(datapath, sourceAddresses(readAddresses(socket), of.uplinks, of.nodeAddresses));
  }

  /** Removes flows that have been silent for their time, every half minute, in every mode: what is translated stays so until then. */
  collectWhenDue(datapath: Datapath): void {
    const now = this.#monotonicNs();
    if (this.#collected && now - this.#collected.atNs < COLLECT_EVERY_MS * MS_TO_NS) return;
    const { live, removed } = datapath.collect();
    this.#collected = { live, removed: (this.#collected?.removed ?? 0) + removed, atNs: now };
  }

  /** What is written in the kernel, and what was counted. */
  observe(datapath: Datapath): MasqueradeObservation {
    const { live = 0, removed = 0 } = this.#collected ?? {};
    const { enabled, ranges } = readSettings(datapath);
    return { enabled, ports: ranges, shared: this.#shared, live, removed, full: live / datapath.maps.hr_nat_in.maxEntries };
  }

  #readSettings(): KernelSettings {
    const now = this.#monotonicNs();
    if (!this.#settings || now - this.#settings.atNs > SETTINGS_AGE_MS * MS_TO_NS)
      this.#settings = { read: readKernelSettings(), atNs: now };
    return this.#settings.read;
  }
}
