import { Simulation, type SimulatedNode } from "@hostrouting/rollout";
import type { Driver, GatePlace, NodeDisruptionRules, PolicyState, RolloutGate, RolloutPolicy } from "@hostrouting/domain";
import { changeAzure } from "./change-azure.ts";
import { changeNode } from "./change-node.ts";
import { describeRound } from "./describe-round.ts";
import { simulatedStanding } from "./simulated-standing.ts";

/** More rounds than any of the scenarios needs; one that has not settled by then hangs. */
const ROUNDS_MAX = 400;

const numeric = (value: string): string | number => (/^\d+$/.test(value) ? Number(value) : value);
/** `1,5%` is a list, as is `,`. */
const parsed = (value: string): unknown =>
  value.includes(",")
    ? value
        .split(",")
        .filter((each) => each !== "")
        .map(numeric)
    : numeric(value);

/** What the store says of a step that was tried so often. */
function stepFaults(tries: number): Simulation["faults"] {
  return tries === 0 ? undefined : { kind: "Intent", tries, message: "node n2: quota exceeded", isExhausted: tries >= 20 };
}

/** `preflight passes`, `preflight unknown`: it cannot tell; `preflight PF-012`: that rule fails. */
function preflightVerdict(word: string): Simulation["preflight"] {
  if (word === "passes") return { kind: "Passed", warnings: [] };
  const error = { code: "PreflightBlocked", message: "", target: word };
  if (word !== "unknown") return { kind: "Failed", error };
  return { kind: "Unknown", error: { ...error, details: [{ code: "PF-030", message: "Nobody has told what rules there are." }] } };
}

/** Plays the lines of a scenario and writes down every round that differs from the one before. Each line of a scenario is one command. */
export class ScenarioPlayer {
  readonly #lines: string[] = [];
  #driver: Driver = "bundle";
  #simulation = new Simulation();
  #lastRound = "";

  /** The whole record of a scenario. @throws Error naming a line that is not understood */
  static play(text: string): string {
    const player = new ScenarioPlayer();
    for (const line of text.split("\n").map((each) => each.trim())) if (line !== "" && !line.startsWith("#")) player.#command(line);
    return `${player.#lines.join("\n")}\n`;
  }

  #command(line: string): void {
    this.#lines.push(`> ${line}`);
    const [verb = "", first = "", second = "", third = ""] = line.split(/\s+/);
    const node = this.#simulation.nodes.get(first);
    switch (verb) {
      case "policy":
        this.#simulation = new Simulation(
          Object.fromEntries(
            line
              .split(/\s+/)
              .slice(1)
              .map((pair) => [pair.split("=")[0], parsed(pair.split("=")[1] ?? "")]),
          ) as Partial<RolloutPolicy>,
          this.#driver,
        );
        return;
      case "nodes":
        for (const name of line.split(/\s+/).slice(1)) this.#simulation.addNode(name);
        return;
      case "again":
        this.#simulation.addNode(first, `uid-${first}-again`);
        return;
      case "pod":
        node?.pods.push({ name: second, budget: third === "" ? undefined : third });
        if (node === undefined) this.#refuse(line);
        return;
      case "budget":
        this.#simulation.budgets.set(first, Number(second));
        return;
      case "request":
        return this.#simulation.request(first === "enable" ? "BpfVeth" : "None");
      case "remove":
        this.#simulation.nodes.delete(first);
        return;
      case "remove-bundle":
        return this.#simulation.removeBundle();
      case "api":
        this.#simulation.reachable = first === "up";
        return;
      case "emergency":
        this.#simulation.emergencyOff = first === "on";
        return;
      case "network-policy":
        this.#simulation.networkPolicy = first as PolicyState;
        return;
      case "preflight":
        this.#simulation.preflight = preflightVerdict(first);
        return;
      case "run":
        return this.#run(first === "settled" ? undefined : Number(first));
      default:
        if (node === undefined) return this.#adjust(line);
        return this.#change(verb, node, second);
    }
  }

  /** `override PF-017 60`: in force for a minute from now on; `override none`: no more. `pass 60`: a minute passes; `queue 3`: two go first; `faults 20`: a step failed so often. */
  #adjust(line: string): void {
    const [verb = "", first = "", second = ""] = line.split(/\s+/);
    const simulation = this.#simulation;
    switch (verb) {
      case "cancel":
      case "pause":
      case "resume":
      case "rollback":
      case "crash":
      case "upgrade":
        return simulation[verb]();
      case "retry":
        return simulation.ask({ kind: "Retry", node: undefined });
      case "acknowledge":
        return simulation.acknowledge(Number(first));
      case "approve":
      case "reject":
        return simulation.answer(first, verb === "approve");
      case "hook":
        return second === "Wait" ? simulation.hookSays(first, "It says: not yet.") : simulation.answer(first, second === "Continue");
      case "gate":
        return this.#gate(first, second, line.split(/\s+/)[3]);
      case "queue":
        simulation.admission =
          first === "0" ? { kind: "Admitted" } : { kind: "Waits", position: Number(first), full: [{ scope: "Region", limit: 20 }] };
        return;
      case "window":
        return this.#window(line.split(/\s+/).slice(1));
      case "disruption":
        simulation.disruption = { ...simulation.disruption, policy: first as NodeDisruptionRules["policy"] };
        return;
      case "faults":
        simulation.faults = stepFaults(Number(first));
        return;
      case "pass":
        simulation.nowMs += Number(first) * 1_000;
        return;
      case "warned":
        simulation.preflight = { kind: "Passed", warnings: [{ id: first, title: "", message: "said so", remedy: "", subjects: [] }] };
        return;
      case "override":
        return this.#override(first, second);
      default:
        return this.#holdBack(line);
    }
  }

  /** `admission Unsupported`: what is there of the policy that taints nodes when they are made. `cluster-upgrade pool user: Upgrading`, `cluster-upgrade over`. */
  #holdBack(line: string): void {
    const [verb, kind] = line.split(/\s+/);
    if (verb === "cluster-upgrade") {
      this.#simulation.clusterUpgrade = kind === "over" ? undefined : line.slice(verb.length).trim();
      return;
    }
    if (verb === "create" || verb === "provided") return this.#provide(verb === "create", kind === "enable");
    if (verb !== "admission") return this.#bundle(line);
    if (kind !== "Unsupported" && kind !== "Foreign" && kind !== "Drifted") return this.#refuse(line);
    this.#simulation.birthTaint = { kind };
  }

  /** `create enable`: a request for a cluster that is still to be made; `provided`: it is there. */
  #provide(isWished: boolean, isOn: boolean): void {
    this.#simulation.providing = isWished;
    if (isWished) this.#simulation.request(isOn ? "BpfVeth" : "None", "CreateManagedCluster");
  }

  #override(ruleId: string, seconds: string): void {
    const { policy, nowMs } = this.#simulation;
    const override = (): object => ({ ruleId, reason: "said so", expiresAt: new Date(nowMs + Number(seconds) * 1_000).toISOString() });
    const preflightOverrides = (ruleId === "none" ? [] : [override()]) as RolloutPolicy["preflightOverrides"];
    this.#simulation.policy = { ...policy, preflightOverrides };
  }

  /** `gate board BeforeBatch`: somebody must approve; `gate night BeforeCluster 60`: it opens after a minute; `gate checks BeforeCluster hook`: a webhook. */
  #gate(id: string, place: string, seconds: string | undefined): void {
    const { policy, nowMs } = this.#simulation;
    const at = place as GatePlace;
    const hook = { url: "https://checks.example/", timeoutSeconds: 10, intervalSeconds: 30 };
    const gate: RolloutGate =
      seconds === undefined
        ? { id, at, kind: "Approval", twoPersons: false }
        : seconds === "hook"
          ? { id, at, kind: "Webhook", ...hook }
          : { id, at, kind: "ScheduledStart", startsAt: new Date(nowMs + Number(seconds) * 1_000).toISOString() };
    this.#simulation.policy = { ...policy, gates: [...policy.gates, gate] };
  }

  /**
   * `window 60 120`: the window for node images is closed but from a minute on for a minute; `window 0 60 600 900`: open now for a minute and again
   * after ten; `window none`: there is none. `default` before the numbers: the other configuration.
   */
  #window(words: readonly string[]): void {
    const { disruption, nowMs } = this.#simulation;
    const name = words[0] === "default" ? "default" : "aksManagedNodeOSUpgradeSchedule";
    if (words.at(-1) === "none") {
      this.#simulation.disruption = { ...disruption, configurations: {} };
      return;
    }
    const edges = words.filter((word) => /^\d+$/.test(word)).map((seconds) => new Date(nowMs + Number(seconds) * 1_000).toISOString());
    const starts = ["1970-01-01T00:00:00.000Z", ...edges.filter((_, index) => index % 2 === 1)];
    const ends = [...edges.filter((_, index) => index % 2 === 0), "2190-01-01T00:00:00.000Z"];
    const notAllowedTime = starts.map((start, index) => ({ start, end: ends[index] ?? start }));
    this.#simulation.disruption = {
      ...disruption,
      configurations: { ...disruption.configurations, [name]: { timeInWeek: [], notAllowedTime } },
    };
  }

  #guard(node: SimulatedNode, rung: string): void {
    if (rung !== "Lsm" && rung !== "FmodRet" && rung !== "Audit" && rung !== "Unsupported") this.#refuse(`guard ${node.name} ${rung}`);
    node.guardRung = rung;
    this.#simulation.standing = simulatedStanding;
  }

  /** `counts n1 anew`: its agent begins anew; `counts n1 nothing`: it does not count. */
  #change(verb: string, node: SimulatedNode, what: string): void {
    switch (verb) {
      case "guard":
        return this.#guard(node, what);
      case "retry":
        return this.#simulation.ask({ kind: "Retry", node: node.name });
      case "skip":
        return this.#simulation.ask({ kind: "Skip", node: node.name, reason: what, by: "somebody" });
      case "counts":
        node.counting = what === "nothing" ? undefined : { sinceMs: this.#simulation.nowMs, resets: 0 };
        return;
      default:
        if (!changeNode(verb, node, what)) this.#refuse(`${verb} ${node.name}`);
    }
  }

  /** `offer newer`: workers get another bundle; `bad-bundle newer`: no node can be verified with it. */
  #bundle(line: string): void {
    const [verb, digest = ""] = line.split(/\s+/);
    if (verb === "offer") this.#simulation.offered = { image: digest, digest };
    else if (verb === "bad-bundle") this.#simulation.badBundles.add(digest);
    else this.#chooseDriver(line);
  }

  /** `driver cilium`, as the first of all: what switches nodes is a Cilium of the cluster's own. */
  #chooseDriver(line: string): void {
    const [verb, driver] = line.split(/\s+/);
    if (verb === "azure" && changeAzure(this.#simulation.azure, line.split(/\s+/).slice(1))) return;
    if (verb !== "driver") this.#refuse(line);
    this.#driver = driver as Driver;
    this.#simulation = new Simulation({}, this.#driver);
  }

  #refuse(line: string): never {
    throw new Error(`A scenario's line is not understood: ${line}`);
  }

  /** The nodes whose kernels route by eBPF, whoever knows. */
  #routing(): ReadonlySet<string> {
    return new Set([...this.#simulation.nodes.values()].filter(({ effectiveMode }) => effectiveMode === "BpfVeth").map(({ name }) => name));
  }

  /** Some rounds, or as many as it takes until nothing is under way and nothing is to be done. */
  #run(rounds: number | undefined): void {
    for (let round = 0; round < (rounds ?? ROUNDS_MAX); round += 1) {
      const routing = this.#routing();
      const decision = this.#simulation.step();
      const text = describeRound(decision);
      const denied = decision.status.nodes.find(({ name, effectiveMode }) => effectiveMode === "Legacy" && routing.has(name));
      if (denied !== undefined)
        throw new Error(`${denied.name} is said to be on the stack (${denied.reason}) and routes by eBPF:\n${text}`);
      if (text !== this.#lastRound) this.#lines.push(text);
      this.#lastRound = text;
      const atRest = this.#simulation.operation === undefined && decision.operation === undefined && decision.intents.length === 0;
      if (rounds === undefined && atRest && decision.lookAgainInMs > 1_000) return;
    }
    if (rounds === undefined) throw new Error(`Nothing settled within ${ROUNDS_MAX} rounds:\n${this.#lastRound}`);
  }
}
