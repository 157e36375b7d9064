import { AppError } from "@hostrouting/domain";
import { baseImageKey } from "../images/base-image.ts";
import { readBundleContent } from "../images/bundle-content.ts";
import { bundleImageName } from "../images/bundle-image.ts";
import type { Bundle } from "./service-plans.ts";

const NO_BUNDLE: Bundle = { image: "localhost/acns-hostrouting/bundle:none", digest: `sha256:${"0".repeat(64)}` };

/** The bundle that a build of this checkout gives: known before anything is built, since its name is a digest of what goes into it. */
export async function bundleOfCheckout(checkout: string): Promise<Bundle> {
  const { digest } = await readBundleContent(checkout, baseImageKey());
  return { image: bundleImageName(digest), digest };
}

/** Without a lab there is no cluster to roll anything out to; where the eBPF objects were never built, the worker is given a name that no cluster has. */
export async function bundleOrNone(checkout: string): Promise<Bundle> {
  try {
    return await bundleOfCheckout(checkout);
  } catch (error) {
    if (error instanceof AppError && error.code === "image.objects-missing") return NO_BUNDLE;
    throw error;
  }
}
