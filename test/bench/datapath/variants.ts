import { BenchNetwork, Limit, OUTSIDE_ADDRESS } from "./bench-network.ts";
import type { Path } from "./report.ts";

/** Something to measure: which ends, and the network that they are in. */
export type Variant = { name: string; client: string; server: string; address: string };

/** All variants, each with namespaces of its own, so that nothing is switched between runs. */
export class Variants {
  readonly limit = new Limit();
  readonly #networks = new Map<string, BenchNetwork>();

  constructor() {
    try {
      for (const rules of [0, 100, 1000, 10_000]) this.#networks.set(`stack, ${rules.toLocaleString("en")} rules`, new BenchNetwork(rules));
      for (const [name, rules] of [["ours", 0] as const, ["ours, 10,000 rules", 10_000] as const]) {
        const network = new BenchNetwork(rules);
        this.#networks.set(name, network);
        network.enable();
      }
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** The variants of one path, in order. */
  of(path: Path): Variant[] {
    const names = [...this.#networks.keys()].filter((name) => path !== "outside" || name === "ours" || name === "stack, 0 rules");
    return names.map((name) => ({ name, ...this.#ends(name, path) }));
  }

  /** The network of a variant. */
  network(name: string): BenchNetwork {
    const network = this.#networks.get(name);
    if (!network) throw new Error(`there is no variant ${name}`);
    return network;
  }

  /** The limit's ends. */
  limitEnds(): Omit<Variant, "name"> {
    return { client: this.limit.netns("a"), server: this.limit.netns("b"), address: this.limit.address };
  }

  /** Signs of life of every agent. */
  beat(): void {
    for (const network of this.#networks.values()) network.beat();
  }

  /** Removes everything. */
  close(): void {
    for (const network of this.#networks.values()) network.close();
    this.limit.close();
  }

  #ends(name: string, path: Path): Omit<Variant, "name"> {
    const network = this.network(name);
    const [server, address] = { "same node": ["b", "10.201.1.3"], "cross node": ["c", "10.201.2.2"], outside: ["out", OUTSIDE_ADDRESS] }[
      path
    ] as [string, string];
    return { client: network.netns("a"), server: network.netns(server), address };
  }
}
