import { readFileSync, renameSync, writeFileSync } from "node:fs";

/** Writes a file in one move, readable by its owner only: a reader sees the old one, the new one, never a half. */
export function writePrivateFile(file: string, text: string): void {
  const fresh = `${file}.${process.pid}.new`;
  writeFileSync(fresh, text, { mode: 0o600 });
  renameSync(fresh, file);
}

/** The file's text, or what `make` makes and this writes, when there is none yet. */
export async function keptInFile(file: string, make: () => string | Promise<string>): Promise<string> {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  const text = await make();
  writePrivateFile(file, text);
  return text;
}
