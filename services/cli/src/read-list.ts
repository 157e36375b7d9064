import type { ArmCluster } from "@hostrouting/azure";

type Page<T> = { readonly value: readonly T[]; readonly nextLink?: string };

/** Where the next page begins; nothing after the last. */
function placeAfter({ nextLink }: { readonly nextLink?: string }): string | undefined {
  return nextLink === undefined ? undefined : (new URL(nextLink).searchParams.get("$skipToken") ?? undefined);
}

/**
 * All items of a list below `hostRoutings/default`, page after page. The cast is the wire's edge: the server's contract is checked where it is made.
 * @param below like `/nodes`.
 */
export async function readList<T>(
  cluster: Pick<ArmCluster, "readHostRouting">,
  below: string,
  query: Readonly<Record<string, string>> = {},
): Promise<readonly T[]> {
  const found: T[] = [];
  let place: string | undefined;
  do {
    const page = (await cluster.readHostRouting(below, { ...query, ...(place !== undefined && { $skipToken: place }) })) as Page<T>;
    found.push(...page.value);
    place = placeAfter(page);
  } while (place !== undefined);
  return found;
}
