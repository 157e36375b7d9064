import { closeSync, existsSync, fstatSync, openSync, readSync, renameSync, statSync, writeSync } from "node:fs";

/** 8 MiB and one predecessor per process: a week of a quiet development machine. */
const LOG_BYTES_MAX = 8 * 1024 * 1024;

/** A log file that never grows past twice 8 MiB: a full one becomes `<file>.1`. */
export type BoundedLog = { readonly file: string; write(chunk: Buffer | string): void; close(): void };

/** Opens the log for appending; 0600, because a process may log what it should not. */
export function openBoundedLog(file: string, bytesMax: number = LOG_BYTES_MAX): BoundedLog {
  let handle = openSync(file, "a", 0o600);
  let bytes = statSync(file).size;
  return {
    file,
    write(chunk) {
      if (bytes > bytesMax) {
        closeSync(handle);
        renameSync(file, `${file}.1`);
        handle = openSync(file, "a", 0o600);
        bytes = 0;
      }
      bytes += writeSync(handle, chunk as Buffer);
    },
    close: () => closeSync(handle),
  };
}

/** A file is known by its beginning, since the inode of a predecessor that is gone is used again at once. */
const HEAD_BYTES_MAX = 256;

/** Follows such a log from now on: what it answers reads all that was written since. @throws when two files were filled meanwhile */
export function followLog(file: string): () => string {
  const begunAt = statSync(file).size;
  const head = readBytes(file, 0, Math.min(begunAt, HEAD_BYTES_MAX));
  const isBegun = (one: string): boolean => existsSync(one) && readBytes(one, 0, head.length).equals(head);
  return () => {
    if (isBegun(file)) return readBytes(file, begunAt).toString("utf8");
    if (isBegun(`${file}.1`)) return Buffer.concat([readBytes(`${file}.1`, begunAt), readBytes(file, 0)]).toString("utf8");
    throw new Error(`${file} was filled twice since it is followed, and what was in between is gone: read it more often`);
  };
}

/** To the end where it is not said how many. */
function readBytes(file: string, from: number, bytes?: number): Buffer {
  const handle = openSync(file, "r");
  try {
    const buffer = Buffer.alloc(bytes ?? fstatSync(handle).size - from);
    return buffer.subarray(0, readSync(handle, buffer, 0, buffer.length, from));
  } finally {
    closeSync(handle);
  }
}
