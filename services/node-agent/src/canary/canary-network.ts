import {
  addHostAddress,
  addHostRoute,
  addNeighbour,
  createVeth,
  deleteLink,
  NetlinkSocket,
  NetworkNamespace,
  readLinks,
  setLinkUp,
  type Link,
} from "@hostrouting/bpf-loader";
import { AppError } from "@hostrouting/domain";

/** An IP version. */
export type Family = 4 | 6;

/**
 * Addresses for documentation (RFC 5737, RFC 3849) that the self-test leaves alone: no pod and no route has them. `node` is the address
 * of the node's end towards the server: a node that masquerades whatever is in no range of the cluster does so with that one.
 */
export const CANARY_ADDRESSES: Readonly<Record<Family, { client: string; server: string; node: string }>> = {
  4: { client: "198.51.100.1", server: "198.51.100.2", node: "198.51.100.3" },
  6: { client: "2001:db8:ca::1", server: "2001:db8:ca::2", node: "2001:db8:ca::3" },
};

/** The node's ends of the two veths. Fixed names, so that those of an agent that was killed are found. */
const DEVICES = { client: "hrcanarya", server: "hrcanaryb" } as const;

type Role = keyof typeof DEVICES;
type End = { role: Role; namespace: NetworkNamespace; host: Link; pod: Link };

/**
 * Two network namespaces behind veths of this node that look like pods to everything on it: host routes lead to them, and the datapath
 * serves them. They vanish with this process, whatever ends it; the kernel's removal of their devices may lag.
 */
export class CanaryNetwork {
  readonly #socket: NetlinkSocket;
  readonly #families: readonly Family[];
  readonly #ends: End[] = [];

  private constructor(socket: NetlinkSocket, families: readonly Family[]) {
    this.#socket = socket;
    this.#families = families;
  }

  /** Makes both ends in the namespace that the thread is in. Synchronous, some ten milliseconds. @throws AppError; then nothing is left. */
  static make(families: readonly Family[]): CanaryNetwork {
    const network = new CanaryNetwork(NetlinkSocket.open(), families);
    try {
      removeDevices(network.#socket);
      for (const role of ["client", "server"] as const) network.#addEnd(role);
      network.refreshNeighbours();
      return network;
    } catch (error) {
      network.close();
      throw error;
    }
  }

  /** Removes devices that an agent left which was killed. Cheap where there are none. */
  static removeLeftovers(): void {
    const socket = NetlinkSocket.open();
    try {
      removeDevices(socket);
    } finally {
      socket.close();
    }
  }

  /** Runs synchronous `work` inside one of the namespaces. */
  run<T>(role: Role, work: () => T): T {
    const end = this.#ends.find((candidate) => candidate.role === role);
    if (!end) throw new AppError("agent.canary", { say: `the canary network has no ${role}` });
    return end.namespace.run(work);
  }

  /**
   * Tells both sides who is where, so that nothing has to be resolved; also where the node is, with whose address it masquerades: the kernel
   * joins the group in which an IPv6 address is asked for some time after it gave out the address, and asks again after a second only
   * (`addrconf_dad_work`, net/ipv6/addrconf.c). To be repeated: udev may give a new device another MAC (MACAddressPolicy=persistent) some time
   * after it was made.
   */
  refreshNeighbours(): void {
    const links = readLinks(this.#socket);
    for (const { role, namespace, host, pod } of this.#ends) {
      const mac = links.find(({ index }) => index === host.index)?.mac ?? host.mac;
      for (const family of this.#families)
        addNeighbour(this.#socket, { ifindex: host.index, address: CANARY_ADDRESSES[family][role], mac: pod.mac });
      const partners = this.#families.flatMap((family) => partnersOf(role, family));
      namespace.run(() =>
        withSocket((inside) => partners.forEach((address) => addNeighbour(inside, { ifindex: pod.index, address, mac }))),
      );
    }
  }

  /** Removes everything. */
  close(): void {
    try {
      removeDevices(this.#socket);
    } finally {
      for (const { namespace } of this.#ends.splice(0)) namespace.close();
      this.#socket.close();
    }
  }

  #addEnd(role: Role): void {
    const namespace = NetworkNamespace.create();
    try {
      createVeth(this.#socket, { name: DEVICES[role], peerName: "eth0", peerNetnsFd: namespace.fd });
      const host = findLink(this.#socket, DEVICES[role]);
      setLinkUp(this.#socket, host.index);
      const pod = namespace.run(() => withSocket((inside) => this.#configureInside(inside, role)));
      this.#ends.push({ role, namespace, host, pod });
      for (const family of this.#families) {
        addHostRoute(this.#socket, host.index, CANARY_ADDRESSES[family][role]);
        if (role === "server") addHostAddress(this.#socket, host.index, CANARY_ADDRESSES[family].node);
      }
    } catch (error) {
      namespace.close();
      throw error;
    }
  }

  #configureInside(inside: NetlinkSocket, role: Role): Link {
    const eth0 = findLink(inside, "eth0");
    setLinkUp(inside, eth0.index);
    for (const family of this.#families) {
      addHostAddress(inside, eth0.index, CANARY_ADDRESSES[family][role]);
      for (const address of partnersOf(role, family)) addHostRoute(inside, eth0.index, address);
    }
    return eth0;
  }
}

/** Whom an end speaks to. */
function partnersOf(role: Role, family: Family): string[] {
  const { client, server, node } = CANARY_ADDRESSES[family];
  return role === "client" ? [server] : [client, node];
}

function findLink(socket: NetlinkSocket, name: string): Link {
  const found = readLinks(socket).find((link) => link.name === name);
  if (!found) throw new AppError("agent.canary", { say: `device ${name} was made and is not there` });
  return found;
}

function removeDevices(socket: NetlinkSocket): void {
  const names: readonly string[] = Object.values(DEVICES);
  for (const { name, index } of readLinks(socket)) if (names.includes(name)) deleteLink(socket, index);
}

function withSocket<T>(work: (socket: NetlinkSocket) => T): T {
  const socket = NetlinkSocket.open();
  try {
    return work(socket);
  } finally {
    socket.close();
  }
}
