/** Of ARM's limit of 8 MiB for a reply; the rest is for the list's own members and what stands between. */
const ITEMS_BYTES_MAX = 7 * 1024 * 1024;

/** The items of a page that fit into one reply, as many as there are in their order; at least one, so that a list goes on. */
export function fitReply<T>(items: readonly T[]): readonly T[] {
  let bytes = 0;
  const end = items.findIndex((item, index) => {
    bytes += Buffer.byteLength(JSON.stringify(item));
    return index > 0 && bytes > ITEMS_BYTES_MAX;
  });
  return end < 0 ? items : items.slice(0, end);
}
