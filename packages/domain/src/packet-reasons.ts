/** A reason in plain words. `remedy` is empty where all is well or nothing can be done. */
export type ReasonText = { readonly means: string; readonly remedy: string };

const REASONS: Readonly<Record<string, ReasonText>> = {
  FastLocal: { means: "Redirected straight into the pod on this node.", remedy: "" },
  FastRemote: { means: "Redirected to the uplink, on its way to another node.", remedy: "" },
  FastRemoteNeigh: { means: "Redirected to the uplink; the kernel resolves the next hop's link address on the way.", remedy: "" },
  FastFromNet: { means: "Redirected from the uplink straight into the pod.", remedy: "" },
  FastMasquerade: { means: "Translated to the node's address and redirected to the uplink.", remedy: "" },
  FastUnmasquerade: { means: "Translated back and redirected straight into the pod.", remedy: "" },
  StackMode: {
    means: "Host routing is off or draining on this node, and this is no flow that it carries.",
    remedy: "See why with `hostrouting status`.",
  },
  StackClass: {
    means: "The remote address is none that pods reach directly: a Service, the node itself, or an address kept for the stack.",
    remedy: "Nothing to do for Services: conntrack translates them on the stack.",
  },
  StackNotIp: { means: "Neither IPv4 nor IPv6, or VLAN-tagged.", remedy: "" },
  StackFragment: {
    means: "A fragment: later ones carry no ports.",
    remedy: "Let the application send datagrams that fit the path's MTU.",
  },
  StackOptions: { means: "IPv4 options or IPv6 extension headers.", remedy: "" },
  StackProtocol: { means: "Not TCP, UDP or ICMP echo.", remedy: "" },
  StackTtl: {
    means: "Its last hop: the stack answers with Time Exceeded.",
    remedy: "Look for a routing loop unless somebody traces the route.",
  },
  StackSource: {
    means: "The source address is not that of the pod behind this device.",
    remedy: "Check the address, or find out who sends with it.",
  },
  StackConntrack: {
    means: "The kernel's conntrack has this flow: it began before the switch, or a Service translates it.",
    remedy: "It ends with the flow; a new connection takes the fast path unless it goes through a Service.",
  },
  StackClash: {
    means: "Was fast, and the same ports are used through a Service now.",
    remedy: "Nothing to do: it ends with either flow. Name the fewer fixed source ports the better.",
  },
  StackIcmpError: { means: "An ICMP error about a flow that is not fast.", remedy: "" },
  StackNoEndpoint: {
    means: "An address of this node's range, and no pod device that carries our program has it.",
    remedy: "See in `hostrouting status` whether that pod is kept on the stack; otherwise the address is nobody's.",
  },
  StackRoute: {
    means: "The kernel has no route for it, or none through an uplink.",
    remedy: "Look at the node's routes for the destination (`ip route get`).",
  },
  StackTooBig: {
    means: "Larger than the MTU on its way: the stack fragments it or answers that it is too big.",
    remedy: "Compare the pod's MTU with the uplink's.",
  },
  StackStaleEndpoint: {
    means: "The node agent is silent, and routing no longer agrees with what it last said.",
    remedy: "Look at the agent's pod on this node.",
  },
  StackFlowTable: { means: "The flow could not be remembered.", remedy: "Look at the node's memory." },
  StackShort: { means: "Headers are cut off.", remedy: "" },
  StackHost: { means: "For the node itself, or for nobody that host routing knows here.", remedy: "" },
  StackOptOut: {
    means: "The pod is kept on the stack, both ways: it opted out, or its bandwidth is limited.",
    remedy: "`hostrouting status` names the reason; without that annotation the pod is fast again.",
  },
  StackNoPort: {
    means: "No free port of the node was found to translate to, so the stack masquerades it.",
    remedy: "Spread connections over more destinations or nodes, or free reserved ports.",
  },
  StackNoAddress: {
    means: "The uplink's own address is not known, so the stack masquerades it.",
    remedy: "Look at the addresses of the node's uplink.",
  },
  StackMasqueradeOff: {
    means: "Leads outside, and translating is left to the stack on this node.",
    remedy: "See the node's masquerade state in HostRoutingNode.status.",
  },
  StackUnseen: {
    means: "This kernel's conntrack cannot be asked, and the beginning of the flow was not seen.",
    remedy: "A new TCP connection takes the fast path; a newer kernel lets every flow.",
  },
  DropHalfLost: {
    means: "Dropped: an answer to a translated flow whose entry is lost. The node itself would have ended that flow.",
    remedy:
      "Nothing: it is sent again, and the pod's next packet restores the entry. If it lasts, the tables of translated flows are full.",
  },
  DropDenied: {
    means: "Dropped: a policy denies pods this destination.",
    remedy: "Nothing, where the policy is right: `kubectl get ciliumclusterwidenetworkpolicies` shows it.",
  },
  DropDeniedOut: {
    means: "Dropped at the uplink: a policy denies pods this destination, and it was not to be seen where the packet left its pod.",
    remedy: "Look for a Service whose endpoints are outside the cluster, or a pod whose device carries no program of ours.",
  },
};

/** Every reason that has words. */
export const EXPLAINED_REASONS: readonly string[] = Object.keys(REASONS);

/** A reason of a node's programs in plain words; a newer node's reason is said to be unknown here. */
export function reasonText(reason: string): ReasonText {
  return (
    REASONS[reason] ?? { means: "This version of the command does not know that reason.", remedy: "Use the command of the node's version." }
  );
}
