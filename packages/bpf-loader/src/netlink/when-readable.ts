import koffi from "koffi";

/**
 * Calls `onReadable` when there is something to read, a pending error included. libuv stops to look at a descriptor with an error, which a
 * netlink socket has each time that its queue was too short; so it is begun anew. @returns a function that ends it, before the descriptor is closed.
 */
export function whenReadable(descriptor: number, onReadable: () => void): () => void {
  let stopped = false;
  // koffi's types leave the first argument out: 0, or a negative error
  const look = (status: unknown): void => {
    onReadable();
    if (!stopped && typeof status === "number" && status < 0) handle.start({ readable: true }, look);
  };
  const handle = koffi.node.poll(descriptor, { readable: true }, look);
  return () => {
    stopped = true;
    handle.close();
  };
}
