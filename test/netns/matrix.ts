import { setTimeout as pause } from "node:timers/promises";
import { NODE_PORT, OUTSIDE, PORT, SERVICES, type TwoNodes } from "./two-nodes.ts";
import { startFlows, type FlowPlan, type FlowResult } from "./traffic.ts";

/** How long flows run before the next step: some forty pings each. */
const PHASE_MS = 400;

type Route = { from: "a" | "out"; name: string; v4: string; v6: string; port: number };

/**
 * Flows of every kind, begun in every phase of a switch, that all go on to its end: TCP and UDP in both families, from pod a to pods and
 * Services of both nodes and to the outside, and from the outside to a NodePort.
 */
export class FlowMatrix {
  readonly #nodes: TwoNodes;
  readonly #begun: { finish: () => Promise<FlowResult[]> }[] = [];

  /** Pods b and c and the outside have to serve PORT. */
  constructor(nodes: TwoNodes) {
    this.#nodes = nodes;
  }

  /** Starts one flow of each kind; resolves when they have run for a while. */
  async begin(phase: string): Promise<void> {
    for (const from of ["a", "out"] as const) {
      const routes = routesOf(this.#nodes).filter((route) => route.from === from);
      this.#begun.push(await startFlows(this.#nodes, from, plansFor(routes, phase)));
    }
    await pause(PHASE_MS);
  }

  /** Ends all flows. */
  async finish(): Promise<FlowResult[]> {
    return (await Promise.all(this.#begun.splice(0).map((flows) => flows.finish()))).flat();
  }
}

/** Kinds of one phase: six routes, two protocols, two families. */
export const KINDS = 24;

function routesOf(nodes: TwoNodes): Route[] {
  const [near, far] = SERVICES;
  return [
    route("pod of the same node", nodes.pod("b")),
    route("pod of the other node", nodes.pod("c")),
    route("Service with a pod of the same node", near),
    route("Service with a pod of the other node", far),
    route("outside", OUTSIDE),
    { ...route("NodePort", NODE_PORT), from: "out", port: NODE_PORT.port },
  ];
}

function route(name: string, { v4, v6 }: { v4: string; v6: string }): Route {
  return { from: "a", name, v4, v6, port: PORT };
}

function plansFor(routes: readonly Route[], phase: string): FlowPlan[] {
  return routes.flatMap(({ name, port, ...address }) =>
    (["tcp", "udp"] as const).flatMap((protocol) =>
      (["v4", "v6"] as const).map((family) => ({
        name: `${phase}: ${protocol} ${family} to ${name}`,
        protocol,
        address: address[family],
        port,
      })),
    ),
  );
}
