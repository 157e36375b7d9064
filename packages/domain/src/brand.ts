declare const brand: unique symbol;

/** A string or number that only a parser or mapper at the edge may make; inside, it cannot be mixed up with another. */
export type Brand<Base, Name extends string> = Base & { readonly [brand]: Name };

/** Lower-cased ARM resource id of a managed cluster; the key under which everything about it is kept. */
export type ClusterId = Brand<string, "ClusterId">;
/** Id (UUID) of an operation, as it stands in the `Azure-AsyncOperation` URL. */
export type OperationId = Brand<string, "OperationId">;
/** Name of a Kubernetes node. */
export type NodeName = Brand<string, "NodeName">;
/** `metadata.uid` of a Node object: tells a re-created node from its namesake. */
export type NodeUid = Brand<string, "NodeUid">;
/** Token of a cluster lease; grows with every holder, so that writes of a former holder can be refused. */
export type FencingToken = Brand<number, "FencingToken">;
/** Milliseconds since 1970-01-01T00:00Z on the clock of whoever decides (the database's, for leases). */
export type Instant = Brand<number, "Instant">;

/** Brands a value; for parsers and row mappers only. */
export function as<T extends Brand<string | number, string>>(value: T extends string ? string : number): T {
  return value as unknown as T;
}
