/** How much of a list is written out: at most `most` names, out of `count` where not all of them are at hand, with `between` in between. */
export type NamedLimits = { readonly most?: number; readonly count?: number; readonly between?: string };

/** Names for a line of text, and how many more there are: `a, b and 3 more`. Pure. */
export function namedAndMore(names: readonly string[], { most, count = names.length, between = ", " }: NamedLimits): string {
  const shown = names.slice(0, most);
  const more = count - shown.length;
  return `${shown.join(between)}${more > 0 ? ` and ${more} more` : ""}`;
}
