import { chmod, copyFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { writeDiskImage } from "../guests/disk-image.ts";
import { emulatorCommand } from "../guests/emulator.ts";
import { writeBootArchive, type PreparedGuest } from "../guests/prepare-guests.ts";
import type { Hierarchy } from "./cgroups.ts";
import { createMachinePort, machineNetworkScript } from "./lab-network.ts";
import type { LabPlan, MachinePlan, ServiceRanges } from "./lab-plan.ts";
import { startProcess, type LabProcess } from "./lab-process.ts";
import { nodeCommand, type KubeProxyMode, type NodeProgram } from "./node-commands.ts";

/** What a node's virtual machine is made from. Its node files (node-files.ts) must have been written. */
export interface MachineStart {
  readonly lab: LabPlan;
  readonly node: MachinePlan;
  readonly hierarchies: readonly Hierarchy[];
  readonly guest: PreparedGuest;
  readonly kubeProxyMode: KubeProxyMode;
  readonly serviceCidrs: ServiceRanges;
}

const PROGRAMS: readonly NodeProgram[] = ["containerd", "kubelet", "kube-proxy"];

/** Scripts that run inside, under their names in the node's folder. */
const SCRIPTS = { "machine-init.sh": "init.sh", "machine-service.sh": "service.sh", "node-mounts.sh": "node-mounts.sh" } as const;
const RUN = join(import.meta.dirname, "run-machine.sh");

/** Two, as the smallest machine that AKS takes for a node has. */
const PROCESSORS = 2;
/** Kubernetes' programs, the agent and the demo application need 700 MiB; the emulator comes on top (emulator.ts), and 1.5 GiB are all that one may take. */
const MEMORY_MIB = 1152;
/** What pods write, and their logs. */
const DISK_MEBIBYTES = 4096;
/** As much again is kept of what was before. */
const CONSOLE_BYTES_MAX = 4 * 1024 * 1024;

/**
 * Modules of Linux' own that see everything, by name as `lsm=` wants them: `bpf` is not among those of every distribution. AppArmor is left
 * out, because containerd would load profiles with tools that are not there.
 */
const SECURITY_MODULES = "lockdown,yama,integrity,bpf";

/** The file that gets what the machine says. */
export function consoleFile(lab: LabPlan, node: MachinePlan): string {
  return join(lab.folder, "log", `${node.name}-console.log`);
}

/** Makes the machine's own disk and boot archive from the node's files, and plugs its network card in. */
export async function prepareMachine(start: MachineStart): Promise<void> {
  const { lab, node, guest } = start;
  await writeMachineFiles(start);
  await writeDiskImage({ folder: node.folder, file: `${node.folder}.ext4`, mebibytes: DISK_MEBIBYTES });
  await writeBootArchive(`${node.folder}.cpio`, guest.kernel);
  await createMachinePort(lab, node);
}

/** Switches the machine on; it becomes a node by itself, and needs the Node object to be there. */
export function startMachine({ lab, node, hierarchies, guest }: MachineStart): Promise<LabProcess> {
  const machine = emulatorCommand({
    kernel: guest.kernel.image,
    initramfs: `${node.folder}.cpio`,
    commandLine: ["console=ttyS0", "console=hvc0", "net.ifnames=0", `lsm=${SECURITY_MODULES}`],
    processors: PROCESSORS,
    memoryMib: MEMORY_MIB,
  });
  // One output for both: what the kernel says before it knows the faster console, and everything after.
  const console = ["-chardev", "stdio,id=console,mux=on,signal=off", "-serial", "chardev:console"];
  const fasterConsole = ["-device", "virtio-serial-pci", "-device", "virtconsole,chardev=console"];
  const network = [
    "-netdev",
    `tap,id=net,ifname=n${node.slot},script=no,downscript=no`,
    "-device",
    `virtio-net-pci,netdev=net,romfile=,mac=${mac(node)}`,
  ];
  const shared = guest.disks.flatMap((file, index) => diskArguments(file, { index, readOnly: true }));
  const own = diskArguments(`${node.folder}.ext4`, { index: guest.disks.length, readOnly: false });
  return startProcess({
    name: `${node.name}/machine`,
    argv: [
      ...["nsenter", `--net=/run/netns/${lab.netns.fabric}`, "bash", RUN, consoleFile(lab, node), String(CONSOLE_BYTES_MAX)],
      ...[...machine, ...console, ...fasterConsole, ...network, ...shared, ...own],
    ],
    cgroup: `${lab.cgroup}/${node.name}/machine`,
    hierarchies,
    logFile: join(lab.folder, "log", `${node.name}-machine.log`),
  });
}

/** Nobody needs the disks after a crash of the machine underneath, so nothing is ever forced to it. */
function diskArguments(file: string, { index, readOnly }: { index: number; readOnly: boolean }): string[] {
  const drive = `file=${file},if=none,id=disk${index},format=raw,cache=unsafe,readonly=${readOnly ? "on" : "off"}`;
  return ["-drive", drive, "-device", `virtio-blk-pci,drive=disk${index}`];
}

/** Locally administered, and the node's slot. */
function mac(node: MachinePlan): string {
  return `02:00:0a:f0:00:${node.slot.toString(16).padStart(2, "0")}`;
}

/** What only a machine has: `machine/` is read by its scripts, `root/` lies over its programs, `work/` belongs to the kernel. */
async function writeMachineFiles(start: MachineStart): Promise<void> {
  const { node } = start;
  const folder = join(node.folder, "machine");
  for (const name of ["machine", "root/etc", "work"]) await mkdir(join(node.folder, name), { recursive: true, mode: 0o755 });
  for (const [source, target] of Object.entries(SCRIPTS)) {
    await copyFile(join(import.meta.dirname, source), join(folder, target));
    await chmod(join(folder, target), 0o755);
  }
  const files: Record<string, string> = { name: node.name, "network.sh": machineNetworkScript(node) };
  for (const program of PROGRAMS) files[`${program}.command`] = `exec ${nodeCommand(start, program).join(" ")}\n`;
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  await writeFile(join(node.folder, "root/etc/inittab"), inittab());
}

/** busybox' init: the script first, then the programs, which are started again when they end. */
function inittab(): string {
  const services = PROGRAMS.map((program) => `::respawn:/run/lab/node/machine/service.sh ${program}\n`);
  return `::sysinit:/run/lab/node/machine/init.sh\n${services.join("")}`;
}
