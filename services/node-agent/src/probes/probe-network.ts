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

/** The node's end of the veth. A fixed name, so that one of an agent that was killed is found, and reports can leave it out. */
export const PROBE_DEVICE = "hrprobe";

/** What the probe is: its own addresses, at most one of each family, and those to which it speaks. */
export type ProbePlan = { readonly own: readonly string[]; readonly others: readonly string[] };

/**
 * A network namespace behind a veth of this node that is a pod to everything on it: a host route leads to its address, which is one of the node's
 * pod range. It vanishes with this process, whatever ends it; the kernel's removal of the device may lag.
 */
export class ProbeNetwork {
  readonly #socket: NetlinkSocket;
  readonly #namespace: NetworkNamespace;
  readonly #plan: ProbePlan;

  private constructor(socket: NetlinkSocket, plan: ProbePlan) {
    this.#socket = socket;
    this.#plan = plan;
    this.#namespace = NetworkNamespace.create();
  }

  /** Makes it in the namespace that the thread is in. Synchronous, some ten milliseconds. @throws AppError; then nothing is left. */
  static make(plan: ProbePlan): ProbeNetwork {
    const network = new ProbeNetwork(NetlinkSocket.open(), plan);
    try {
      removeDevice(network.#socket);
      network.#build();
      return network;
    } catch (error) {
      network.close();
      throw error;
    }
  }

  /** Removes the device that an agent left which was killed. Cheap where there is none. */
  static removeLeftover(): void {
    const socket = NetlinkSocket.open();
    try {
      removeDevice(socket);
    } finally {
      socket.close();
    }
  }

  /** Runs synchronous `work` inside. */
  run<T>(work: () => T): T {
    return this.#namespace.run(work);
  }

  /** Tells both ends who is where. To be repeated: udev may give a new device another MAC some time after it was made. */
  refreshNeighbours(): void {
    const host = linkNamed(this.#socket, PROBE_DEVICE);
    const pod = this.#inside((socket) => {
      const eth0 = linkNamed(socket, "eth0");
      for (const address of this.#plan.others) addNeighbour(socket, { ifindex: eth0.index, address, mac: host.mac });
      return eth0;
    });
    for (const address of this.#plan.own) addNeighbour(this.#socket, { ifindex: host.index, address, mac: pod.mac });
  }

  /** Removes everything. */
  close(): void {
    try {
      removeDevice(this.#socket);
    } finally {
      this.#namespace.close();
      this.#socket.close();
    }
  }

  #build(): void {
    createVeth(this.#socket, { name: PROBE_DEVICE, peerName: "eth0", peerNetnsFd: this.#namespace.fd });
    const host = linkNamed(this.#socket, PROBE_DEVICE);
    setLinkUp(this.#socket, host.index);
    this.#inside((socket) => {
      const { index } = linkNamed(socket, "eth0");
      setLinkUp(socket, index);
      for (const address of this.#plan.own) addHostAddress(socket, index, address);
      for (const address of this.#plan.others) addHostRoute(socket, index, address);
    });
    for (const address of this.#plan.own) addHostRoute(this.#socket, host.index, address);
    this.refreshNeighbours();
  }

  #inside<T>(work: (socket: NetlinkSocket) => T): T {
    return this.#namespace.run(() => {
      const socket = NetlinkSocket.open();
      try {
        return work(socket);
      } finally {
        socket.close();
      }
    });
  }
}

function linkNamed(socket: NetlinkSocket, name: string): Link {
  const found = readLinks(socket).find((link) => link.name === name);
  if (!found) throw new AppError("agent.probe", { say: `device ${name} was made and is not there` });
  return found;
}

function removeDevice(socket: NetlinkSocket): void {
  for (const { name, index } of readLinks(socket)) if (name === PROBE_DEVICE) deleteLink(socket, index);
}
