import { explain } from "@hostrouting/domain";

/** Whether a Redis throws keys away when its memory is full. */
export type Eviction =
  | { readonly kind: "Never" }
  | { readonly kind: "Evicts"; readonly policy: string }
  | { readonly kind: "Unknown"; readonly because: string };

/** The two questions of which one is usually allowed; managed services forbid CONFIG. */
export type EvictionQuestions = {
  config(operation: "GET", name: "maxmemory-policy"): Promise<unknown>;
  info(section: "memory"): Promise<string>;
};

/** Asks for `maxmemory-policy`. A queue whose keys are evicted one by one loses rings and keeps the marks that they are waiting: worse than none. */
export async function readEviction(redis: EvictionQuestions): Promise<Eviction> {
  const answers = [
    async () => ((await redis.config("GET", "maxmemory-policy")) as readonly string[])[1],
    async () => policyIn(await redis.info("memory")),
  ];
  let because = "it does not say";
  for (const ask of answers)
    try {
      const policy = await ask();
      if (policy !== undefined) return policy === "noeviction" ? { kind: "Never" } : { kind: "Evicts", policy };
    } catch (error) {
      because = explain(error);
    }
  return { kind: "Unknown", because };
}

function policyIn(info: string): string | undefined {
  return /^maxmemory_policy:(\S+)/m.exec(info)?.[1];
}
