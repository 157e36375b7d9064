import { runCommand } from "../images/run-command.ts";
import { LAB_NETWORK, NODES_MAX, slotAddresses, type LabPlan, type MachinePlan, type NamespacePlan, type NodePlan } from "./lab-plan.ts";
import { settleAll } from "./settle-all.ts";

/** ip(8) with its batch of a few dozen lines takes milliseconds. */
const IP_TIMEOUT_MS = 10_000;

/** Addresses that Azure or the internet would answer on; none of them leaves the lab. */
const OUTSIDE_ADDRESSES = [
  ...["168.63.129.16/32", "169.254.169.254/32"],
  ...LAB_NETWORK.outside.map((address) => `${address}/${address.includes(":") ? 128 : 32}`),
];

/**
 * Makes the namespaces of the fabric (one bridge), the control plane and the outside. The links between them are made inside
 * the fabric and moved, so nothing ever shows in the machine's own network namespace.
 */
export async function createFabric(lab: LabPlan): Promise<void> {
  const { fabric, control, outside } = lab.netns;
  await runCommand({
    argv: ["ip", "-batch", "-"],
    timeoutMs: IP_TIMEOUT_MS,
    input: lines([fabric, control, outside].map((name) => `netns add ${name}`)),
  });
  await sysctl(outside, FORWARDING);
  await sysctl(control, NO_ADDRESS_CHECK);
  await ipIn(fabric, [
    "link set lo up",
    "link add br0 type bridge mcast_snooping 0",
    "link set br0 up",
    ...uplink("control", control),
    ...uplink("outside", outside),
  ]);
  const gatewayAddresses = [`${LAB_NETWORK.gateway[0]}/24`, `${LAB_NETWORK.gateway[1]}/64`];
  await settleAll([
    ipIn(outside, [...bringUp([...gatewayAddresses, ...OUTSIDE_ADDRESSES]), ...outsideRoutes()]),
    ipIn(control, [...bringUp([`${LAB_NETWORK.apiServer}/24`, `${LAB_NETWORK.apiServerV6}/64`]), ...podRoutes(), ...defaultRoutes()]),
  ]);
}

/** Makes one node's namespace with its uplink `eth0`, its addresses and its routes to the other nodes' pods. */
export async function createNodeNetwork(lab: LabPlan, node: NamespacePlan): Promise<void> {
  await runCommand({ argv: ["ip", "netns", "add", node.netns], timeoutMs: IP_TIMEOUT_MS });
  await sysctl(node.netns, FORWARDING);
  await ipIn(lab.netns.fabric, uplink(`n${node.slot}`, node.netns));
  await ipIn(node.netns, nodeCommands(node));
}

/** Makes the port of the fabric's bridge that a virtual machine's network card is plugged into. */
export async function createMachinePort(lab: LabPlan, node: MachinePlan): Promise<string> {
  const port = `n${node.slot}`;
  await ipIn(lab.netns.fabric, [`tuntap add dev ${port} mode tap vnet_hdr`, `link set ${port} master br0 up`]);
  return port;
}

/** What a virtual machine runs to be reached as a node of namespaces is: the settings of a network come before the card that they are for. */
export function machineNetworkScript(node: MachinePlan): string {
  return `${settingLines(FORWARDING)}\n/usr/sbin/modprobe virtio_net\n/usr/bin/ip -batch - <<'END'\n${lines(nodeCommands(node))}END\n`;
}

/** Addresses and routes of a node. */
function nodeCommands(node: NodePlan): string[] {
  return [...bringUp([`${node.ipv4}/24`, `${node.ipv6}/64`]), ...podRoutes(node), ...defaultRoutes()];
}

/** Runs ip(8) commands in a namespace, all or none of the rest after the first that fails. */
export async function ipIn(netns: string, commands: readonly string[]): Promise<void> {
  await runCommand({ argv: ["ip", "-n", netns, "-batch", "-"], timeoutMs: IP_TIMEOUT_MS, input: lines(commands) });
}

function lines(commands: readonly string[]): string {
  return `${commands.join("\n")}\n`;
}

/** A pair with one end on the bridge; the peer is born in its own namespace. */
function uplink(port: string, netns: string): string[] {
  return [`link add ${port} type veth peer name eth0 netns ${netns}`, `link set ${port} master br0 up`];
}

function bringUp(addresses: readonly string[]): string[] {
  const add = addresses.map((address) => `addr add ${address} dev eth0${address.includes(":") ? " nodad" : ""}`);
  return ["link set lo up", "link set eth0 up", ...add];
}

/** It answers as the host on the internet, and only to nodes: what came with a pod's address gets no answer. */
function outsideRoutes(): string[] {
  const [v4, v6] = LAB_NETWORK.outside;
  const [nodes, nodesV6] = LAB_NETWORK.nodeCidrs;
  return [
    `route replace ${nodes} dev eth0 proto kernel scope link src ${v4}`,
    `route replace ${nodesV6} dev eth0 proto kernel metric 256 src ${v6}`,
  ];
}

function defaultRoutes(): string[] {
  return LAB_NETWORK.gateway.map((gateway) => `route add default via ${gateway} dev eth0`);
}

/** One route per slot and family. A node's own range is unreachable but for the pods that the CNI plugin adds routes for. */
function podRoutes(own?: NodePlan): string[] {
  return Array.from({ length: NODES_MAX }, (_, slot) => slot).flatMap((slot) => {
    const { podCidrs, ipv4, ipv6 } = slotAddresses(slot);
    return podCidrs.map((cidr, family) =>
      slot === own?.slot ? `route add unreachable ${cidr}` : `route add ${cidr} via ${family === 0 ? ipv4 : ipv6} dev eth0`,
    );
  });
}

type Setting = readonly [file: string, value: string];

/** Duplicate address detection holds an address back for a second; in the lab nobody else can have it. */
const NO_ADDRESS_CHECK: readonly Setting[] = [
  ["ipv6/conf/all/accept_dad", "0"],
  ["ipv6/conf/default/accept_dad", "0"],
  ["ipv6/conf/all/accept_ra", "0"],
  ["ipv6/conf/default/accept_ra", "0"],
];

const FORWARDING: readonly Setting[] = [["ipv4/ip_forward", "1"], ["ipv6/conf/all/forwarding", "1"], ...NO_ADDRESS_CHECK];

/** /proc/sys/net shows the settings of the namespace of whoever opens it, so a process inside writes them. */
async function sysctl(netns: string, settings: readonly Setting[]): Promise<void> {
  const argv = ["nsenter", `--net=/run/netns/${netns}`, "sh", "-e"];
  await runCommand({ argv, timeoutMs: IP_TIMEOUT_MS, input: settingLines(settings) });
}

function settingLines(settings: readonly Setting[]): string {
  return settings.map(([file, value]) => `echo ${value} >/proc/sys/net/${file}`).join("\n");
}
