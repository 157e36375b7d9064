/** Major and minor of a Kubernetes version: "v1.36.3", "1.34" and "1.33.2-aks1" alike. */
export type MinorVersion = { readonly major: number; readonly minor: number };

/** Reads a version; nothing when the text is none. */
export function parseMinorVersion(text: string): MinorVersion | undefined {
  const match = /^v?(\d{1,4})\.(\d{1,4})(?:[.+-].*)?$/.exec(text.trim());
  return match === null ? undefined : { major: Number(match[1]), minor: Number(match[2]) };
}

/** Whether `version` is `than` or newer. */
export function isAtLeast(version: MinorVersion, than: MinorVersion): boolean {
  return version.major > than.major || (version.major === than.major && version.minor >= than.minor);
}
