/**
 * Sockets are made in the thread's namespace at the moment when the address is known. Node looks up even literal addresses, and for
 * those it knows itself answers a tick later, when the thread is home again: so every socket has a lookup that answers at once.
 * A name that is no address stands for `address`.
 */
export function lookupAtOnce(address: string, family: 4 | 6) {
  return (name: string, _options: unknown, done: (error: null, address: string, family: number) => void): void =>
    done(null, /^[\d.:a-f]+$/.test(name) && name !== "" ? name : address, family);
}
