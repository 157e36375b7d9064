import { explain } from "@hostrouting/domain";
import { CanaryFlow, type CanaryResult } from "./canary-flow.ts";
import { CanaryNetwork, type Family } from "./canary-network.ts";
import { openTcp, openUdp, startServers, type CanaryClient, type Closable } from "./canary-sockets.ts";

const PING_EVERY_MS = 100;
/**
 * The longest that a switch waits for its canaries of one kind, in looks: one that this process was kept from is none. The kernel may take a
 * second to bring a new device into use (`linkwatch_nextevent`, net/core/link_watch.c), and sends a lost SYN again after another.
 */
const READY_LOOKS_MAX: Readonly<Record<FlowKind["name"], number>> = { udp: 100, tcp: 150 };
const READY_LOOK_MS = 10;
/** How long after its beginning a switch is watched at most. */
const WATCH_MS = 60_000;
/** How long after a switch is over: silence of a second shows, and what it began has settled. */
const WATCH_AFTER_MS = 5000;
/** Twice a second: udev changes a new device's MAC when it likes. */
const REFRESH_TICKS = 5;

/** What is about to happen to the datapath. */
export type CanaryStep = "On" | "Drain";
/** What canaries of the last switch saw; `fault` says which are missing, and is empty when all are there. */
export type CanaryObservation = { canaries: CanaryResult[]; fault: string };
/** What a canary needs to begin. `prepare` lets the datapath see the new devices before the first packet. */
export type CanaryPlan = { step: CanaryStep; families: readonly Family[]; prepare: () => void };

type Running = {
  network: CanaryNetwork;
  servers: Closable[];
  clients: Map<CanaryFlow, CanaryClient>;
  step: CanaryStep;
  endsAtMs: number;
  over: boolean;
  ticks: number;
};

/**
 * A few flows between two namespaces of the node, begun before a switch and watched until five seconds after it, a minute at most: they
 * are on the same paths as pods' flows, and ours to break. Never throws, never holds up a switch for longer than two and a half seconds of its
 * own time, or one where a family has no way; nothing exists between switches.
 */
export class NodeCanary {
  #running: Running | undefined;
  #timer: NodeJS.Timeout | undefined;
  #fault = "";
  #last: CanaryObservation | undefined;

  /** Removes what an agent left that was killed. */
  removeLeftovers(): void {
    this.#attempt(() => CanaryNetwork.removeLeftovers());
  }

  /** Begins to watch a switch; call it just before, in the node's network namespace. Resolves once all flows are answered, or have had their time. */
  async begin({ step, families, prepare }: CanaryPlan): Promise<void> {
    if (this.#running?.step === step && !this.#running.over) return; // the switch failed and is tried again
    this.end();
    this.#fault = "";
    this.#last = { canaries: [], fault: "" };
    this.#attempt(() => this.#start(step, families, prepare));
    const kinds = kindsFor(step);
    let ways = families;
    for (const kind of kinds) {
      this.#attempt(() => this.#open(kind, ways));
      if (this.#fault !== "") return this.end();
      await this.#allAnswered(kind.name);
      // a family of which no ping comes back has no way for a handshake either
      ways = ways.filter((family) => this.#alive.has(nameOf(kind, family)));
    }
    this.#leaveOutUnanswered(kinds.flatMap((kind) => families.map((family) => nameOf(kind, family))));
  }

  /** The switch is over: what is confirmed, or gone. Flows are watched for five more seconds. */
  switchOver(): void {
    const running = this.#running;
    if (!running || running.over) return;
    running.over = true;
    running.endsAtMs = Math.min(running.endsAtMs, performance.now() + WATCH_AFTER_MS);
  }

  /** What the flows of the last switch saw so far; undefined before the first. */
  observe(): CanaryObservation | undefined {
    if (this.#running) this.#last = { canaries: [...this.#running.clients.keys()].map((flow) => flow.result()), fault: this.#fault };
    return this.#last;
  }

  /** How many answers the flow with the fewest has had; 0 when nothing runs. */
  get answers(): number {
    const flows = [...(this.#running?.clients.keys() ?? [])];
    return flows.length === 0 ? 0 : Math.min(...flows.map((flow) => flow.answers));
  }

  /** Ends watching and removes everything. */
  end(): void {
    this.observe();
    clearInterval(this.#timer);
    const running = this.#running;
    this.#running = undefined;
    if (!running) return;
    for (const part of [...running.clients.values(), ...running.servers, running.network]) this.#attempt(() => part.close());
  }

  #start(step: CanaryStep, families: readonly Family[], prepare: () => void): void {
    const network = CanaryNetwork.make(families);
    const running: Running = {
      network,
      servers: [],
      clients: new Map(),
      step,
      endsAtMs: performance.now() + WATCH_MS,
      over: false,
      ticks: 0,
    };
    this.#running = running;
    prepare();
    running.servers = startServers(network, families);
    this.#timer = setInterval(() => this.#tick(running), PING_EVERY_MS);
  }

  #open(kind: FlowKind, families: readonly Family[]): void {
    const running = this.#running;
    if (!running) return;
    for (const family of families) {
      const flow = new CanaryFlow(nameOf(kind, family), PING_EVERY_MS);
      const events = { onAnswer: (number: number) => flow.answered(number, performance.now()), onBreak: () => flow.broke() };
      running.clients.set(flow, kind.open(running.network, family, events));
      ping(running, flow);
    }
  }

  #tick(running: Running): void {
    if (performance.now() > running.endsAtMs) return this.end();
    for (const flow of running.clients.keys()) ping(running, flow);
    running.ticks += 1;
    if (running.ticks % REFRESH_TICKS === 0) this.#attempt(() => running.network.refreshNeighbours());
  }

  get #alive(): ReadonlySet<string> {
    return new Set([...(this.#running?.clients.keys() ?? [])].filter(({ alive }) => alive).map(({ name }) => name));
  }

  async #allAnswered(kind: FlowKind["name"]): Promise<void> {
    const missing = (): boolean => [...(this.#running?.clients.keys() ?? [])].some((flow) => flow.name.startsWith(kind) && !flow.alive);
    for (let looks = 0; looks < READY_LOOKS_MAX[kind] && missing(); looks++)
      await new Promise((resolve) => setTimeout(resolve, READY_LOOK_MS));
  }

  /** A flow that did not work before the switch says nothing about it. */
  #leaveOutUnanswered(names: readonly string[]): void {
    const alive = this.#alive;
    const mute = names.filter((name) => !alive.has(name));
    if (mute.length === 0) return;
    const clients = this.#running?.clients;
    for (const [flow, client] of clients ?? []) {
      if (alive.has(flow.name)) continue;
      client.close();
      clients?.delete(flow);
    }
    this.#fault = `Without an answer before the switch: ${mute.join(", ")}.`;
    if (clients?.size === 0) this.end();
  }

  #attempt(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#fault = `No canary: ${explain(error)}`;
      this.#last = { canaries: this.#last?.canaries ?? [], fault: this.#fault };
    }
  }
}

function ping({ clients }: Running, flow: CanaryFlow): void {
  const number = flow.tick(performance.now());
  if (number !== undefined) clients.get(flow)?.send(number);
}

type FlowKind = { name: "udp" | "tcp"; open: typeof openUdp };

function nameOf({ name }: FlowKind, family: Family): string {
  return `${name}-ipv${family}`;
}

/**
 * UDP first: it asks again by itself when the very first packet meets a device that is not quite up, where a handshake takes a second.
 * TCP is left out of a drain: a flow that comes to the stack in its middle is translated there if the node masquerades what leaves the
 * pod ranges, which no pod's address within them ever is, and the server would reset it.
 */
function kindsFor(step: CanaryStep): FlowKind[] {
  return [{ name: "udp", open: openUdp }, ...(step === "On" ? [{ name: "tcp" as const, open: openTcp }] : [])];
}
