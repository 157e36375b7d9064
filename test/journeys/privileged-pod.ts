import type { CommandResult } from "./cluster.ts";
import { labRecord } from "./lab-nodes.ts";
import type { Stage } from "./stage.ts";

/** A pod that may do on its node what root may: it is in the node's network and sees the node's files below /host. */
export type PrivilegedPod = {
  readonly namespace: string;
  readonly name: string;
  readonly node: string;
  /** Runs a command with the programs of the bundle's image. */
  run(...command: string[]): Promise<CommandResult>;
  /** Runs a command with the node's own programs and files. */
  runOnNode(...command: string[]): Promise<CommandResult>;
};

const NAMESPACE = "default";
const READY_TIMEOUT = "90s";

/** Runs such a pod on a node for as long as `use` takes. Its name should say what it is there for: Events carry it. */
export async function withPrivilegedPod<T>(
  stage: Stage,
  { node, name }: { node: string; name: string },
  use: (pod: PrivilegedPod) => Promise<T>,
): Promise<T> {
  const { cluster } = stage;
  const place = { namespace: NAMESPACE, name };
  await cluster.apply(manifest(stage, node, name));
  try {
    await cluster.kubectl("wait", "--namespace", NAMESPACE, "--for=condition=Ready", `pod/${name}`, `--timeout=${READY_TIMEOUT}`);
    return await use({
      ...place,
      node,
      run: (...command) => cluster.exec(place, ...command),
      runOnNode: (...command) => cluster.exec(place, "chroot", "/host", ...command),
    });
  } finally {
    await cluster.kubectl("delete", "pod", name, "--namespace", NAMESPACE, "--ignore-not-found", "--grace-period=0", "--force");
  }
}

function manifest(stage: Stage, node: string, name: string): unknown {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { namespace: NAMESPACE, name },
    spec: {
      nodeName: node,
      hostNetwork: true,
      hostPID: true,
      tolerations: [{ operator: "Exists" }],
      terminationGracePeriodSeconds: 0,
      automountServiceAccountToken: false,
      containers: [
        {
          name: "privileged",
          image: labRecord(stage.stateDir).bundleImage,
          imagePullPolicy: "Never",
          command: ["sleep", "infinity"],
          securityContext: { privileged: true },
          volumeMounts: [{ name: "host", mountPath: "/host", mountPropagation: "HostToContainer" }],
        },
      ],
      volumes: [{ name: "host", hostPath: { path: "/" } }],
    },
  };
}
