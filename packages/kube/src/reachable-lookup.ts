import { lookup } from "node:dns";
import type { LookupFunction } from "node:net";
import { mayReach } from "@hostrouting/runtime";

/**
 * Looks a server's name up for the very connection that is made, and refuses it where any of its addresses is one that only the machine itself may ask: a name
 * that is checked beforehand may mean another address by then.
 */
export function reachableLookup(loopbackAllowed: boolean): LookupFunction {
  return (host, options, callback) => {
    lookup(host, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, "");
      const forbidden = addresses.find(({ address }) => !mayReach(address, loopbackAllowed));
      const [first] = addresses;
      if (forbidden !== undefined || first === undefined)
        return callback(new Error(`${host} means ${forbidden?.address ?? "no address"}, which is not connected to`), "");
      return options.all === true ? callback(null, addresses) : callback(null, first.address, first.family);
    });
  };
}
