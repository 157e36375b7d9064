import type { ChainBase, Family, Hook, PacketChain, PacketRule, PacketTable } from "./packet-rule.ts";

/** The hooks that lead to each chain of a table, by its name. A chain that nothing leads to has none. */
export type ReachingHooks = ReadonlyMap<string, ReadonlySet<Hook>>;

const NONE: ReadonlySet<Hook> = new Set();

/** Chains that a rule may continue in. */
export function targetsOf(rule: PacketRule): string[] {
  return rule.actions.flatMap((action) => (action.kind === "jump" || action.kind === "goto" ? [action.chain] : []));
}

/** From the chains that the kernel calls through jump and goto; of a table that sleeps, from those that it calls when it is awake. */
export function reachingHooks(table: PacketTable): ReachingHooks {
  const byName = new Map(table.chains.map((chain) => [chain.name, chain]));
  const hooks = new Map<string, Set<Hook>>(table.chains.map(({ name }) => [name, new Set()]));
  for (const chain of table.chains) if (chain.base !== undefined) spread(chain, chain.base.hook);
  return hooks;

  function spread(start: PacketChain, hook: Hook): void {
    const waiting = [start];
    for (let chain = waiting.pop(); chain !== undefined; chain = waiting.pop()) {
      const seen = hooks.get(chain.name);
      if (seen === undefined || seen.has(hook)) continue;
      seen.add(hook);
      waiting.push(...new Set(chain.rules.flatMap(targetsOf).flatMap((name) => byName.get(name) ?? [])));
    }
  }
}

/** The hooks of one chain. */
export function hooksOf(hooks: ReachingHooks, chain: string): ReadonlySet<Hook> {
  return hooks.get(chain) ?? NONE;
}

/**
 * Whether packets of pods pass a hook today and would not with host routing. Input and output are the node's own packets, which the stack keeps;
 * but a bridge sees a routed packet there as well (net/bridge/br_input.c), and ARP stays with the stack wherever it passes input and output.
 */
export function isPodPath(hook: Hook, family: Family): boolean {
  return family === "bridge" || (hook !== "input" && hook !== "output");
}

/** A base chain that is called for the loopback device alone: no pod's packet gets there. */
export function isLoopbackOnly(base: ChainBase): boolean {
  return base.devices.length > 0 && base.devices.every((device) => device === "lo");
}
