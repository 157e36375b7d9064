import { spawnSync } from "node:child_process";
import { existsSync, statfsSync } from "node:fs";
import process from "node:process";
import { AppError } from "@hostrouting/domain";

/** Room for images, programs and a day of logs. */
const DISK_FREE_MIN_BYTES = 3 * 1024 ** 3;

/** First Go release that builds the Kubernetes modules. */
const GO_MIN = { major: 1, minor: 26 };

/** Programs and the Debian packages that hold them. */
const PROGRAMS: Readonly<Record<string, string>> = {
  "/usr/bin/containerd": "containerd",
  "/usr/sbin/runc": "runc",
  "/usr/lib/cni/ptp": "containernetworking-plugins",
  "/usr/sbin/iptables": "iptables",
  "/usr/sbin/conntrack": "conntrack",
  "/usr/bin/buildah": "buildah",
  "/usr/bin/mmdebstrap": "mmdebstrap",
  "/usr/bin/gcc": "gcc",
  "/usr/bin/flock": "util-linux",
  "/usr/bin/nsenter": "util-linux",
};

/** The same for labs with virtual machines. */
const GUEST_PROGRAMS: Readonly<Record<string, string>> = {
  "/usr/bin/qemu-system-x86_64": "qemu-system-x86",
  "/usr/bin/xz": "xz-utils",
  "/usr/sbin/mke2fs": "e2fsprogs",
  "/bin/busybox": "busybox-static",
};

/** What kube-proxy calls in its nftables mode. */
const NFT_PROGRAMS: Readonly<Record<string, string>> = { "/usr/sbin/nft": "nftables" };

/** Programs that are in another place on some releases. */
const OTHER_PLACES: Readonly<Record<string, string>> = { "/usr/sbin/runc": "/usr/bin/runc" };

/** What the checks need to know of the caller. */
export interface HostNeeds {
  /** Folder whose file system must have room; it must exist. */
  readonly folder: string;
  /** Whether the programs have to be built, which needs Go. */
  readonly needsGo: boolean;
  /** Whether there are to be virtual machines. */
  readonly needsGuests: boolean;
  /** Whether kube-proxy is to run in its nftables mode. */
  readonly needsNft: boolean;
}

/** Throws AppError `lab.not-linux` or `lab.not-root`: what must hold before any folder is made. */
export function requireRootOnLinux(): void {
  if (process.platform !== "linux")
    throw new AppError("lab.not-linux", { say: "The lab runs on Linux only", do: "Use a Debian 12 machine" });
  if (process.getuid?.() !== 0)
    throw new AppError("lab.not-root", { say: "The lab makes network namespaces and needs root", do: "Run it with sudo" });
}

/** Throws AppError with one sentence and its remedy when the lab lacks something on this machine. */
export function requireHost(needs: HostNeeds): void {
  const programs = { ...PROGRAMS, ...(needs.needsGuests && GUEST_PROGRAMS), ...(needs.needsNft && NFT_PROGRAMS) };
  const absent = Object.entries(programs).filter(([path]) => !existsSync(path) && !existsSync(OTHER_PLACES[path] ?? path));
  const packages = [...new Set(absent.map(([, name]) => name))];
  if (packages.length > 0)
    throw new AppError("lab.package-missing", {
      say: `The lab needs ${packages.join(", ")}`,
      do: `apt-get install --no-install-recommends ${packages.join(" ")}`,
    });
  if (needs.needsGuests && process.arch !== "x64")
    throw new AppError("lab.no-guests", { say: "Virtual machines need an x86-64 machine", do: "Leave --vm-nodes out" });
  const { bavail, bsize } = statfsSync(needs.folder);
  if (bavail * bsize < DISK_FREE_MIN_BYTES)
    throw new AppError("lab.disk-full", {
      say: `${needs.folder} has less than 3 GiB free`,
      do: "Make room, or choose another folder with --state-dir",
    });
  if (needs.needsGo) requireGo();
}

function requireGo(): void {
  const answer = spawnSync("go", ["env", "GOVERSION"], { encoding: "utf8", timeout: 10_000 });
  const version = /^go(\d+)\.(\d+)/.exec(answer.stdout ?? "");
  const found = version ? { major: Number(version[1]), minor: Number(version[2]) } : undefined;
  const enough = found && (found.major > GO_MIN.major || (found.major === GO_MIN.major && found.minor >= GO_MIN.minor));
  if (!enough)
    throw new AppError("lab.no-go", {
      say: `The lab builds Kubernetes and needs Go ${GO_MIN.major}.${GO_MIN.minor} or newer${found ? `, and found ${found.major}.${found.minor}` : ""}`,
      do: "Install it from https://go.dev/dl and put it on PATH",
    });
}
