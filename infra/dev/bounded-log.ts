import { closeSync, openSync, renameSync, statSync, writeSync } from "node:fs";

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
