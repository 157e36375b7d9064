import { readdirSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { explain } from "@hostrouting/domain";
import { removeFolder } from "../host-routing/pin-folder.ts";
import { DisruptionCounters } from "./disruption-counters.ts";
import { epochOf, stepOf, type Step, type SwitchState } from "./disruption-layout.ts";
import { namePods, readPodNamespaces, type PodNamespace } from "./pod-namespaces.ts";
import { disruptedIn, reportSwitch, type SwitchReport } from "./switch-report.ts";

/** How long after a step its consequences are looked for. */
const WATCH_NS = 60_000_000_000n;
/** What is usual here is taken from this long before a switch. */
const USUAL_NS = 600_000_000_000n;
const SAMPLE_EVERY_NS = 5_000_000_000n;
/** Half of what the kernel's table has room for; the other half is for the next switch. */
const ENTRIES_KEPT_MAX = 1024;

type SwitchStep = Exclude<Step, "Steady">;

/** Where things are. Pins are in `<pinRoot>/<version>`; `namespaces` is the folder in which the container runtime names them. */
export type DisruptionOptions = { pinRoot: string; version: string; objectPath: string; namespaces: string; monotonicNs: () => bigint };

/** What measuring says. `fault`: why nothing is measured. A node that was never switched has no report. */
export type DisruptionObservation = { report: SwitchReport | undefined; fault: string | undefined };

/**
 * Measures what a switch does to the connections of the node's pods. It never throws: a switch does not depend on being measured.
 * A switch begins with `On` or `Drain`; `Confirm` and `Detach` belong to it. A minute after its last step it is over.
 */
export class DisruptionMeter {
  readonly #options: DisruptionOptions;
  #counters: DisruptionCounters | undefined;
  #report: SwitchReport | undefined;
  #fault: string | undefined;
  #lastStep: SwitchStep | undefined;
  #owners: ReadonlyMap<string, string> = new Map();
  /** Since the namespaces were last read, addresses have come to be others'. */
  #isOwnersNew = false;
  #pods: ReadonlyMap<bigint, string> = new Map();
  /** Connections that were disturbed in namespaces whose counters were forgotten. */
  #disruptedInGone = 0;
  #samples: { atNs: bigint; disrupted: number }[] = [];

  constructor(options: DisruptionOptions) {
    this.#options = options;
  }

  /** Pods by address, as they are now. */
  setOwners(owners: ReadonlyMap<string, string>): void {
    this.#isOwnersNew ||= !isDeepStrictEqual(owners, this.#owners);
    this.#owners = owners;
  }

  /** Begins to count, or goes on where an earlier agent of the same version stopped; another version's figures end with it. */
  begin(): void {
    this.#attempt(() => this.#open());
  }

  /** Says what is done to the datapath next; call it just before. */
  step(step: SwitchStep): void {
    this.#attempt(() => {
      const counters = this.#open();
      const before = counters.state();
      const starts = step === "On" || step === "Drain";
      counters.setState(starts ? this.#newSwitch(counters, step) : { ...before, step, sinceNs: this.#options.monotonicNs() });
      this.#lastStep = step;
      if (starts) counters.forget((epoch) => stepOf(epoch).number < before.number);
    });
  }

  /** What the last switch did so far, and after `end` what it had done. */
  observe(): DisruptionObservation {
    const counters = this.#counters;
    if (counters) this.#attempt(() => this.#look(counters));
    return { report: this.#report, fault: this.#fault };
  }

  /** Ends counting and leaves nothing in the kernel. Later agents may find a folder that nobody opened here. */
  end(): void {
    this.observe();
    this.#attempt(() => {
      this.#counters?.close();
      this.#counters = undefined;
      for (const version of listVersions(this.#options.pinRoot)) DisruptionCounters.remove(join(this.#options.pinRoot, version));
      removeFolder(this.#options.pinRoot);
    });
    this.#samples = [];
    this.#pods = new Map();
  }

  /** Lets go of descriptors; counting goes on. */
  close(): void {
    this.#counters?.close();
    this.#counters = undefined;
  }

  #open(): DisruptionCounters {
    if (this.#counters) return this.#counters;
    const { pinRoot, version, objectPath } = this.#options;
    for (const other of listVersions(pinRoot)) if (other !== version) DisruptionCounters.remove(join(pinRoot, other));
    const counters = DisruptionCounters.open(join(pinRoot, version), objectPath);
    const state = counters.state();
    if (state.sinceNs === 0n) counters.setState({ ...state, sinceNs: this.#options.monotonicNs() });
    if (state.step !== "Steady") this.#lastStep = state.step;
    this.#counters = counters;
    return counters;
  }

  #newSwitch(counters: DisruptionCounters, step: SwitchStep): SwitchState {
    this.#sample(counters);
    const namespaces = this.#readNamespaces();
    const { number } = counters.state();
    const flows = namespaces.reduce((total, { established }) => total + established, 0);
    return { number: number + 1, step, sinceNs: this.#options.monotonicNs(), flows, ...this.#usual(counters.state()) };
  }

  /** A switch in the wake of another takes over what was usual before that one. */
  #usual({ step, beforeCount, beforeNs }: SwitchState): Pick<SwitchState, "beforeCount" | "beforeNs"> {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    this.#samples = [];
    if (step !== "Steady") return { beforeCount, beforeNs };
    if (!first || !last) return { beforeCount: 0, beforeNs: 0n };
    return { beforeCount: Math.max(0, last.disrupted - first.disrupted), beforeNs: last.atNs - first.atNs };
  }

  #look(counters: DisruptionCounters): void {
    const now = this.#options.monotonicNs();
    const state = counters.state();
    if (state.step === "Steady") return this.#sample(counters);
    const entries = counters.read();
    this.#nameNamespaces(entries.map(({ netns }) => netns));
    const watchedNs = now - state.sinceNs < WATCH_NS ? now - state.sinceNs : WATCH_NS;
    const lastStep = this.#lastStep ?? state.step;
    this.#report = reportSwitch({ entries, state, lastStep, pods: this.#pods, watchedNs, lost: counters.lost() });
    if (watchedNs === WATCH_NS) counters.setState({ ...state, step: "Steady", sinceNs: now });
  }

  /** Namespaces come with new pods, and a new pod's address may be known for the one's that had it before, for a moment. */
  #nameNamespaces(cookies: readonly bigint[]): void {
    if (this.#isOwnersNew || !cookies.every((cookie) => this.#pods.has(cookie))) this.#readNamespaces();
  }

  #readNamespaces(): PodNamespace[] {
    const found = readPodNamespaces(this.#options.namespaces, this.#owners);
    this.#pods = namePods(this.#pods, found);
    this.#isOwnersNew = false;
    return found;
  }

  /** No namespace has another's cookie, so that what is gone takes room until it is forgotten; all that is still asked of it is a sum. */
  #makeRoom(counters: DisruptionCounters): void {
    if (counters.read().length <= ENTRIES_KEPT_MAX) return;
    counters.forget(() => true);
    const there = new Set(this.#readNamespaces().map(({ cookie }) => cookie));
    const gone = counters.forgetNamespaces((netns) => !there.has(netns));
    this.#disruptedInGone += disruptedIn(gone.filter(({ netns }) => this.#pods.has(netns)));
    this.#pods = new Map([...this.#pods].filter(([cookie]) => there.has(cookie)));
  }

  #sample(counters: DisruptionCounters): void {
    const now = this.#options.monotonicNs();
    const last = this.#samples.at(-1);
    if (last && now - last.atNs < SAMPLE_EVERY_NS) return;
    const state = counters.state();
    if (state.step === "Steady") this.#makeRoom(counters);
    const epoch = epochOf(state);
    const entries = counters.read().filter((entry) => entry.epoch === epoch);
    this.#nameNamespaces(entries.map(({ netns }) => netns));
    const disrupted = this.#disruptedInGone + disruptedIn(entries.filter(({ netns }) => this.#pods.has(netns)));
    this.#samples = [...this.#samples.filter(({ atNs }) => now - atNs <= USUAL_NS), { atNs: now, disrupted }];
  }

  #attempt(work: () => void): void {
    try {
      work();
      this.#fault = undefined;
    } catch (error) {
      this.#fault = explain(error);
    }
  }
}

function listVersions(pinRoot: string): string[] {
  try {
    return readdirSync(pinRoot);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
