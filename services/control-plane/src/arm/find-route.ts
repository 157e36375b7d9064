import { routeCatalogue, type CatalogueRoute } from "./route-catalogue.ts";

/** An address of the catalogue with what may be done there. */
type Known = { readonly matcher: RegExp; readonly allow: readonly string[] };

const split = (route: CatalogueRoute): [method: string, pattern: string] => {
  const [method = "", pattern = ""] = route.on.split(" ");
  return [method, pattern];
};

const byKey = new Map(routeCatalogue.map((route) => [route.on.toLowerCase(), route]));

const escape = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");

function matcherOf(pattern: string): RegExp {
  const parts = pattern.split("/").map((part) => (part.startsWith(":") ? "[^/]+" : escape(part)));
  return new RegExp(`^${parts.join("/")}$`, "i");
}

function knownAddresses(): readonly Known[] {
  const methods = new Map<string, string[]>();
  for (const [method, pattern] of routeCatalogue.map(split)) {
    const key = pattern.toLowerCase();
    methods.set(key, [...(methods.get(key) ?? []), method]);
  }
  return [...methods].map(([pattern, allow]) => ({ matcher: matcherOf(pattern), allow }));
}

const known = knownAddresses();

/**
 * The entry of a registered route; nothing for one that does not stand in the catalogue.
 * @param method of the request; HEAD is answered by the route of GET.
 * @param pattern as it was registered; letter case does not matter.
 */
export function findRoute(method: string, pattern: string): CatalogueRoute | undefined {
  return byKey.get(`${method === "HEAD" ? "GET" : method} ${pattern}`.toLowerCase());
}

/** The methods that an address answers to, in the catalogue's order; none for an address that is not known. */
export function methodsOf(path: string): readonly string[] {
  return [...new Set(known.filter((one) => one.matcher.test(path)).flatMap((one) => one.allow))];
}
