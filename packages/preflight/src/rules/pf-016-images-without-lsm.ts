import { anyDriver, blocks, failed, passed, unknown, type Rule } from "../rule.ts";

/** `osSKU` of AKS' images whose kernels do not have BPF LSM in their list of security modules. */
const SKUS = new Set(["azurelinuxosguard", "azurecontainerlinux", "flatcar"]);
/** The same images by what a kubelet says that it runs on. */
const IMAGES = /os ?guard|azure container linux|flatcar/i;

/** PF-016: no pool of an image without BPF LSM (OS Guard, Azure Container Linux, Flatcar). PF-011 names every image that is not supported; this one says why of these. */
export const imagesWithoutLsm: Rule = {
  id: "PF-016",
  title: "No images without BPF LSM",
  severity: blocks,
  drivers: anyDriver,
  remedy: "Change the pools that are named to Ubuntu 24.04 (`Ubuntu2404`) or Azure Linux 3.0 (`AzureLinux3`).",
  check({ profile, nodes }) {
    const pools = profile.pools.filter(({ osSku }) => SKUS.has(osSku.toLowerCase()));
    const labelled = (nodes.known ? nodes.value : []).filter(
      ({ osSkuEffective, osImage }) => SKUS.has(osSkuEffective.toLowerCase()) || IMAGES.test(osImage),
    );
    const evidence = [
      ...pools.map(({ name, osSku }) => `pool ${name}: osSKU ${osSku}`),
      ...labelled.map(({ name, osSkuEffective, osImage }) => `node ${name}: ${osImage || osSkuEffective}`),
    ];
    if (evidence.length > 0)
      return failed(
        "Nodes run an image whose kernel lets nobody refuse rules.",
        [...pools.map(({ name }) => `pool ${name}`), ...labelled.map(({ name }) => `node ${name}`)],
        evidence.join("; "),
      );
    return nodes.known ? passed() : unknown(`The nodes could not be read: ${nodes.because}`);
  },
};
