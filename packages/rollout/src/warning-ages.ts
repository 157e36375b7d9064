import type { HostRoutingStatus, HostRoutingWarning, Instant } from "@hostrouting/domain";
import { isCatalogued } from "./warning-catalogue.ts";

/** Since when each warning has held, by what it is about; also of those that are not shown yet. */
type Ages = NonNullable<HostRoutingStatus["warningsSince"]>;

/** Warnings that have held for as long as their entry asks, with the time since when; the others wait for it. Rules of preflight have no age. Pure. */
export function withAges(
  warnings: readonly HostRoutingWarning[],
  since: Ages | undefined,
  now: Instant,
): { readonly warnings: readonly HostRoutingWarning[]; readonly warningsSince: Ages } {
  const ages = new Map<string, Instant>();
  const shown = warnings.flatMap((warning) => {
    if (!isCatalogued(warning)) return [warning];
    const key = ageKey(warning);
    const firstSeen = since?.[key] ?? now;
    ages.set(key, firstSeen);
    return now - firstSeen >= (warning.mustLastSeconds ?? 0) * 1_000 ? [{ ...warning, firstSeen }] : [];
  });
  return { warnings: shown, warningsSince: Object.fromEntries(ages) };
}

/** One that is told of each node by itself has an age for each; of the others nodes come and go. */
function ageKey({ id, impactUnit, subjects }: HostRoutingWarning): string {
  return impactUnit === "connections" || impactUnit === "flows" ? `${id} ${subjects.join(" ")}` : id;
}
