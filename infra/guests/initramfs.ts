import { closeSync, openSync, writeSync } from "node:fs";
import path from "node:path";

/** One entry of the archive. Paths have no leading slash; folders stand before what is in them. */
export type ArchiveEntry =
  | { kind: "folder"; path: string }
  | { kind: "file"; path: string; mode: number; data: Buffer }
  | { kind: "link"; path: string; target: string };

const MAGIC = "070701";
const END = "TRAILER!!!";
const TYPE = { folder: 0o040755, file: 0o100000, link: 0o120777 } as const;

/** The entries with every folder that they stand in, and further ones, before them. */
export function withFolders(entries: readonly ArchiveEntry[], more: readonly string[]): ArchiveEntry[] {
  const all = new Set<string>();
  for (const of of [...entries.map((entry) => path.dirname(entry.path)), ...more])
    of.split("/").forEach((_, index, parts) => {
      if (of !== ".") all.add(parts.slice(0, index + 1).join("/"));
    });
  const folders = [...all].sort((a, b) => a.localeCompare(b)).map((folder): ArchiveEntry => ({ kind: "folder", path: folder }));
  return [...folders, ...entries];
}

/**
 * Writes the archive that a kernel unpacks as its first root file system: cpio in "newc" format, not compressed, since an emulated
 * processor unpacks slower than memory is filled (Documentation/driver-api/early-userspace/buffer-format.rst).
 */
export function writeInitramfs(file: string, entries: Iterable<ArchiveEntry>): void {
  const fd = openSync(file, "w", 0o600);
  let inode = 1;
  try {
    for (const entry of entries) writeEntry(fd, { inode: inode++, ...described(entry), name: entry.path });
    writeEntry(fd, { inode: 0, mode: 0, data: Buffer.alloc(0), name: END });
  } finally {
    closeSync(fd);
  }
}

function described(entry: ArchiveEntry): { mode: number; data: Buffer } {
  if (entry.kind === "folder") return { mode: TYPE.folder, data: Buffer.alloc(0) };
  if (entry.kind === "link") return { mode: TYPE.link, data: Buffer.from(entry.target) };
  return { mode: TYPE.file | entry.mode, data: entry.data };
}

function writeEntry(fd: number, entry: { inode: number; mode: number; name: string; data: Buffer }): void {
  const { inode, mode, data } = entry;
  const name = Buffer.from(`${entry.name}\0`);
  const links = 1;
  // ino, mode, uid, gid, nlink, mtime, filesize, devmajor, devminor, rdevmajor, rdevminor, namesize, check
  const fields = [inode, mode, 0, 0, links, 0, data.length, 0, 0, 0, 0, name.length, 0];
  const header = Buffer.from(MAGIC + fields.map((field) => field.toString(16).padStart(8, "0")).join(""));
  const start = Buffer.concat([header, name]);
  writeAll(fd, Buffer.concat([start, padding(start.length)]));
  writeAll(fd, data);
  writeAll(fd, padding(data.length));
}

function padding(length: number): Buffer {
  return Buffer.alloc((4 - (length % 4)) % 4);
}

function writeAll(fd: number, data: Buffer): void {
  for (let at = 0; at < data.length;) at += writeSync(fd, data, at);
}
