import { existsSync, readFileSync, writeFileSync } from "node:fs";

/** Writes a generated file if it is another one: what is up to date is left alone, since others may be reading it this moment. */
export function writeGenerated(file: URL | string, text: string): void {
  if (!existsSync(file) || readFileSync(file, "utf8") !== text) writeFileSync(file, text);
}
