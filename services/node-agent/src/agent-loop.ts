import { existsSync } from "node:fs";
import { isIP } from "node:net";
import { join } from "node:path";
import type { HostRoutingConfigSpec, HostRoutingNodeSpec, HostRoutingNodeStatus } from "@hostrouting/contracts";
import { explain } from "@hostrouting/domain";
import type { Clock, Logger } from "@hostrouting/runtime";
import type { Family } from "./canary/canary-network.ts";
import type { NodeCanary } from "./canary/node-canary.ts";
import { switchAhead } from "./canary/switch-ahead.ts";
import { isCensusNews, type Census, type ConnectionCensus } from "./census/connection-census.ts";
import { readAgentState, writeAgentState, type AgentState } from "./agent-state.ts";
import { decideDesired, revoke, type Decision } from "./host-routing/decide-desired.ts";
import type { NodeDatapath, Observation } from "./host-routing/node-datapath.ts";
import type { GuardKeeper } from "./guard/guard-keeper.ts";
import type { HookedDevice } from "./host-routing/device-hooks.ts";
import type { NodeFigures } from "./figures/node-figures.ts";
import type { NodeWatch } from "./events/node-watch.ts";
import type { OwnNode } from "./kube/own-node.ts";
import { nodeStatus, statusFingerprint, type StatusInputs } from "./report/node-status.ts";
import type { MasqueradeDecision } from "./masquerade/decide-masquerade.ts";
import { withMasqueradeRanges } from "./masquerade/masquerade-precondition.ts";
import type { MasqueradeWatch } from "./masquerade/masquerade-watch.ts";
import type { Condition } from "./report/conditions.ts";
import type { NodeFacts } from "./report/node-facts.ts";
import { newRefusals } from "./report/refusals.ts";
import type { DenialDecision } from "./policy/decide-denials.ts";
import { PROBE_DEVICE } from "./probes/probe-network.ts";
import type { NodeProbes, ProbeReport } from "./probes/node-probes.ts";
import type { PolicyWatch } from "./policy/policy-watch.ts";
import type { RuleWatch } from "./rules/rule-watch.ts";
import { isWithin } from "./is-within.ts";

/** While a switch awaits its confirmation, or a drain its end, the worker watches closely. */
const BUSY_ROUND_MS = 500;
/** Otherwise: how soon a foreign program or a lost link is noticed. */
const IDLE_ROUND_MS = 5000;
/** The Node object hardly ever changes; a wrong UID asks again sooner. */
const OWN_NODE_AGE_MS = 5 * 60_000;

/** What the loop works with. `order` and `config`: undefined = not known yet, null = there is none. */
export type AgentDeps = {
  datapath: NodeDatapath;
  canary: NodeCanary;
  probes: NodeProbes;
  census: Pick<ConnectionCensus, "observe">;
  figures: Pick<NodeFigures, "observe">;
  order: () => HostRoutingNodeSpec | null | undefined;
  config: () => HostRoutingConfigSpec | null | undefined;
  readOwnNode: () => Promise<OwnNode | undefined>;
  writeStatus: (status: HostRoutingNodeStatus) => Promise<boolean>;
  masquerade: MasqueradeWatch["decide"];
  rules: RuleWatch["current"];
  guard: Pick<GuardKeeper, "round" | "observe">;
  news: Pick<NodeWatch, "look">;
  policies: PolicyWatch["decide"];
  /** Addresses of this node's pods, as Kubernetes knows them. */
  podAddresses: () => readonly string[];
  facts: () => NodeFacts;
  identity: { bootId: string; bundleDigest: string; agentVersion: string };
  stateDir: string;
  statusIntervalMs: number;
  clock: Clock;
  logger: Logger;
};

/** `status`: undefined while nobody asks anything of the node. */
export type LastRound = {
  readonly seen: Observation;
  readonly status: HostRoutingNodeStatus | undefined;
  readonly nodeAddresses: readonly string[];
};

/** One round: decide, bring the kernel there, report. Carries between rounds only what is cheaper to keep than to ask. */
export class AgentLoop {
  readonly #deps: AgentDeps;
  readonly #stateFile: string;
  #state: AgentState;
  #ownNode: OwnNode | undefined;
  #ownNodeAt = 0;
  #devices: readonly HookedDevice[] = [];
  #conditions: readonly Condition[] = [];
  #policy: HostRoutingNodeStatus["policy"];
  #last: LastRound | undefined;
  #written: { fingerprint: string; census: Census; at: number } | undefined;

  constructor(deps: AgentDeps) {
    this.#deps = deps;
    this.#stateFile = join(deps.stateDir, "agent-state.json");
    this.#state = readAgentState(this.#stateFile);
  }

  /** What the last round saw and says of it; undefined before the first. */
  last(): LastRound | undefined {
    return this.#last;
  }

  /** Answers in how many milliseconds it wants to run again. */
  async round(): Promise<number> {
    await this.#refreshOwnNode();
    const masquerade = this.#decideMasquerade();
    const denials = this.#decideDenials();
    const guardRefusal = this.#guardRefusal();
    const decision = this.#decide(masquerade, denials, guardRefusal);
    await this.#beginCanary(decision);
    const seen = withoutProbe(this.#deps.datapath.reconcile(decision.desired));
    if (isOver(seen)) this.#deps.canary.switchOver();
    this.#noteMissed(seen);
    const guard = this.#deps.guard.observe();
    this.#deps.news.look({ guard, seen, decision });
    this.#warnOfRefusals(seen);
    const busy = isBusy(seen, decision) || guardRefusal !== undefined;
    const probes = this.#probe(denials, seen);
    await this.#report({ decision, masquerade, denials, probes, seen, guard, canary: this.#deps.canary.observe() }, busy);
    return busy ? BUSY_ROUND_MS : IDLE_ROUND_MS;
  }

  async #beginCanary({ desired }: Decision): Promise<void> {
    const { canary, datapath } = this.#deps;
    const step = switchAhead(desired, datapath.control());
    const families = new Set((this.#ownNode?.addresses ?? []).map(isIP).filter((version): version is Family => version !== 0));
    if (step && families.size > 0) await canary.begin({ step, families: [...families], prepare: () => datapath.follow() });
  }

  #decideMasquerade(): MasqueradeDecision {
    const config = this.#deps.config();
    const { podCidrs: podRanges = [], serviceCidrs: serviceRanges = [] } = config?.network ?? {};
    return this.#deps.masquerade(config?.masquerade, { podRanges, serviceRanges, ownRanges: this.#ownNode?.podRanges ?? [] });
  }

  /** What pods must not reach is brought to the kernel whatever else is asked of the node. */
  #decideDenials(): DenialDecision {
    const order = this.#deps.order();
    const denials = this.#deps.policies(order?.mode === "BpfVeth" ? order.generation : undefined);
    this.#deps.datapath.setDenied(denials.table);
    return denials;
  }

  /** What was found under another mode, or other rules, says nothing about now. */
  #probe({ table }: DenialDecision, { control, denials }: Observation): ProbeReport {
    const basis = JSON.stringify([control && [control.mode, control.generation], denials?.digest]);
    return this.#deps.probes.look({ table, basis, ranges: this.#ownNode?.podRanges ?? [], used: this.#deps.podAddresses() });
  }

  #decide({ wish }: MasqueradeDecision, { refusal }: DenialDecision, guardRefusal: string | undefined): Decision {
    const { order, config, stateDir, identity } = this.#deps;
    const decision = decideDesired({
      order: order(),
      config: config(),
      offFile: existsSync(join(stateDir, "off")),
      own: this.#ownNode && { nodeUid: this.#ownNode.uid, bootId: identity.bootId, bundleDigest: identity.bundleDigest },
      ownRanges: this.#ownNode?.podRanges ?? [],
      masquerade: wish,
      rulesRefusal: this.#rulesRefusal(),
      policyRefusal: this.#isOn() ? undefined : refusal,
      guardRefusal,
      state: this.#state,
    });
    this.#remember(decision.state);
    return decision;
  }

  /** The guard comes before the datapath and goes after it; a node that is on is not switched off for it. */
  #guardRefusal(): string | undefined {
    const { guard, order, config, datapath } = this.#deps;
    const refusal = guard.round({ order: order(), config: config(), datapathPresent: datapath.control() !== undefined });
    return this.#isOn() ? undefined : refusal;
  }

  /** A rule that would be passed by keeps a node from being switched on; one that comes later switches no node off. */
  #rulesRefusal(): string | undefined {
    const found = this.#deps.rules();
    return found?.verdict.state === "Dirty" && !this.#isOn() ? found.precondition.message : undefined;
  }

  #isOn(): boolean {
    return this.#deps.datapath.control()?.mode === "On";
  }

  /** The kernel took an unconfirmed switch back: this generation is over, the next round detaches. */
  #noteMissed(seen: Observation): void {
    if (!seen.control?.missed) return;
    this.#remember(revoke(this.#state, seen.control.generation, "ConfirmMissed"));
  }

  /** Somebody else's program, a limit, an annotation: once for each, since it may surprise whoever looks for speed. */
  #warnOfRefusals({ devices }: Observation): void {
    for (const { name, pod, reason, addresses } of newRefusals(this.#devices, devices))
      this.#deps.logger.warn({ device: name, pod, reason, addresses }, "pod stays on the stack");
    this.#devices = devices;
  }

  /** Written before the next round acts on it. */
  #remember(state: AgentState): void {
    if (JSON.stringify(state) === JSON.stringify(this.#state)) return;
    writeAgentState(this.#stateFile, state);
    this.#state = state;
  }

  async #refreshOwnNode(): Promise<void> {
    const { clock, readOwnNode, datapath, order, logger } = this.#deps;
    const mismatch = order()?.nodeUID !== this.#ownNode?.uid;
    const due = !isWithin(clock.now() - this.#ownNodeAt, mismatch ? IDLE_ROUND_MS : OWN_NODE_AGE_MS);
    if (this.#ownNode && !due) return;
    try {
      this.#ownNode = (await readOwnNode()) ?? this.#ownNode;
      this.#ownNodeAt = clock.now();
      if (this.#ownNode) datapath.setNodeAddresses(this.#ownNode.addresses);
    } catch (error) {
      logger.warn({ cause: explain(error) }, "own Node object cannot be read, keeping what is known");
    }
  }

  /** While the node is compared with others it reports more often. */
  #reportEveryMs(): number {
    const { order, statusIntervalMs } = this.#deps;
    const seconds = order()?.reportSeconds;
    return seconds === undefined ? statusIntervalMs : Math.min(statusIntervalMs, seconds * 1000);
  }

  async #report(
    found: Pick<StatusInputs, "decision" | "masquerade" | "denials" | "probes" | "seen" | "guard" | "canary">,
    busy: boolean,
  ): Promise<void> {
    const { clock, identity, facts, order, writeStatus, logger } = this.#deps;
    const nodeAddresses = this.#ownNode?.addresses ?? [];
    const census = this.#deps.census.observe();
    this.#last = { seen: found.seen, status: undefined, nodeAddresses };
    if (!this.#ownNode || !order()) return;
    const status = nodeStatus({
      own: { nodeUid: this.#ownNode.uid, bootId: identity.bootId, bundleDigest: identity.bundleDigest },
      agentVersion: identity.agentVersion,
      order: order(),
      ...found,
      census,
      figures: this.#deps.figures.observe(found.seen.masquerade?.full),
      conditions: this.#conditions,
      policy: this.#policy,
      facts: withMasqueradeRanges(facts(), {
        config: found.masquerade.config.config,
        podRanges: this.#deps.config()?.network?.podCidrs,
      }),
      rules: this.#deps.rules(),
      rulesMessage: this.#deps.rules()?.precondition.message ?? "",
      observedAt: new Date(clock.now()).toISOString(),
    });
    this.#last = { seen: found.seen, status, nodeAddresses };
    this.#conditions = status.conditions ?? [];
    this.#policy = status.policy;
    const fingerprint = statusFingerprint(status);
    const fresh = this.#written?.fingerprint === fingerprint && isWithin(clock.now() - this.#written.at, this.#reportEveryMs());
    const counted = { sinceMs: clock.now() - (this.#written?.at ?? 0), isWaiting: order()?.mode === "Observe" };
    if (fresh && !busy && !isCensusNews(this.#written?.census, census, counted)) return;
    if (this.#written?.fingerprint !== fingerprint)
      logger.info(
        {
          effectiveMode: status.effectiveMode,
          reason: status.reason,
          generation: status.observedGeneration,
          masquerade: `${status.masquerade?.state}: ${status.masquerade?.message}`,
        },
        "node status",
      );
    if (await writeStatus(status)) this.#written = { fingerprint, census, at: clock.now() };
  }
}

/** The device of the agent's own pod comes and goes every minute: that is no news. */
function withoutProbe(seen: Observation): Observation {
  return { ...seen, devices: seen.devices.filter(({ name }) => name !== PROBE_DEVICE) };
}

/** Switched on for good, or gone. */
function isOver({ control }: Observation): boolean {
  return !control || (control.mode === "On" && control.deadlineNs === 0n);
}

/** A switch that awaits its confirmation, a drain, or a switch taken back and not yet detached. */
function isBusy(seen: Observation, decision: Decision): boolean {
  if (!seen.control) return false;
  return seen.control.deadlineNs !== 0n || seen.control.missed || (decision.desired.kind === "off" && seen.control.mode !== "Off");
}
