/** What the kernel shows of one link. `Unsettled`: its attachment has begun and not ended, so it cannot be opened (EAGAIN). */
export type LinkSight<T> = { readonly kind: "Seen"; readonly link: T } | { readonly kind: "Gone" } | { readonly kind: "Unsettled" };

/** How the kernel's links are asked. `next`: the lowest id above `after`, undefined behind the last. */
export type LinkLook<T> = {
  readonly next: (after: number) => number | undefined;
  readonly look: (id: number) => LinkSight<T>;
};

/** A node has some hundred links; a kernel that never says that they end must not hang us. */
const LINKS_MAX = 100_000;
/** An attachment at netfilter takes microseconds; some kinds (trampolines) take milliseconds, for which nobody is held up here. */
const LOOKS_AGAIN_MAX = 100;

/**
 * Every link that the kernel shows, by rising id; undefined when there is no end of them. Links come and go meanwhile: one that is gone is left
 * out, and one that is being attached is looked at again after all others. If it still is not settled then, it is not there yet, which is how
 * the kernel's own iterator takes it (kernel/bpf/syscall.c, bpf_link_get_curr_or_next).
 */
export function walkLinks<T>({ next, look }: LinkLook<T>): T[] | undefined {
  const links = new Map<number, T>();
  let unsettled: number[] = [];
  const isUnsettled = (id: number): boolean => {
    const sight = look(id);
    if (sight.kind === "Seen") links.set(id, sight.link);
    return sight.kind === "Unsettled";
  };
  let last = 0;
  for (let count = 0; ; count++) {
    const id = next(last);
    if (id === undefined) break;
    if (count === LINKS_MAX) return undefined;
    if (isUnsettled(id)) unsettled.push(id);
    last = id;
  }
  for (let again = 0; again < LOOKS_AGAIN_MAX && unsettled.length > 0; again++) unsettled = unsettled.filter(isUnsettled);
  return [...links].toSorted(([one], [other]) => one - other).map(([, link]) => link);
}
