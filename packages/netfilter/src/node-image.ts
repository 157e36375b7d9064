/** What a node says of its image, as far as it matters here. */
export interface NodeImage {
  /** Date and number: "202610.12.0". */
  readonly version: string;
  /** Owners whose rules every image of its kind writes when the node starts. */
  readonly owners: readonly string[];
}

/** `AKSUbuntu-2404gen2containerd-202610.12.0`, `AKSAzureLinux-V3gen2-202610.12.0`: label kubernetes.azure.com/node-image-version. */
const IMAGE = /^AKS(?:Ubuntu|AzureLinux|CBLMariner)-[A-Za-z0-9-]{1,100}-(20\d{4}\.\d{1,4}\.\d{1,4})$/;

/**
 * Drops towards the wireserver are part of every set-up of a node. All else depends on the cluster (the restriction of the metadata service, LocalDNS)
 * or on the distribution, and is missed only once it was seen.
 */
const OWNERS = ["AKS node set-up"];

/** What a node's image is by its label; undefined where that is no image of AKS that is known here. */
export function nodeImageOf(label: string | undefined): NodeImage | undefined {
  const version = IMAGE.exec(label ?? "")?.[1];
  return version === undefined ? undefined : { version, owners: OWNERS };
}
