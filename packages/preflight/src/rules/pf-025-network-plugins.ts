import { nodePrecondition } from "../node-precondition.ts";
import { blocks } from "../rule.ts";

/** PF-025: the node's container network makes plain veths: nothing stands before its plugin, and no other makes the devices. */
export const networkPlugins = nodePrecondition({
  id: "PF-025",
  title: "Plain network plugins",
  name: "NetworkPlugins",
  severity: blocks,
  isOptional: true,
  remedy: "Remove the plugin that is named from the first file of `/etc/cni/net.d`, or leave these nodes on the stack.",
});
