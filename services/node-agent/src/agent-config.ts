import { integer, oneOf, text } from "@hostrouting/runtime";

/** Five minutes: how old a status may get when nothing changes. */
const STATUS_INTERVAL_MS = 5 * 60_000;

/** What the agent is told by its environment. Folders are those of its pod. */
export const AGENT_SETTINGS = {
  nodeName: { env: "NODE_NAME", parse: text },
  podName: { env: "POD_NAME", parse: text, fallback: "" },
  apiHost: { env: "KUBERNETES_SERVICE_HOST", parse: text },
  apiPort: { env: "KUBERNETES_SERVICE_PORT", parse: integer(1, 65_535), fallback: 443 },
  serviceAccountDir: { env: "SERVICE_ACCOUNT_DIR", parse: text, fallback: "/var/run/secrets/kubernetes.io/serviceaccount" },
  pinRoot: { env: "BPF_PIN_ROOT", parse: text, fallback: "/sys/fs/bpf/acns-hostrouting" },
  objectPath: { env: "BPF_OBJECT", parse: text, fallback: "/app/bpf/build/host_routing.bpf.o" },
  digestFile: { env: "BUNDLE_DIGEST_FILE", parse: text, fallback: "/app/BUNDLE_DIGEST" },
  stateDir: { env: "STATE_DIR", parse: text, fallback: "/run/acns-hostrouting" },
  masqueradeConfigDir: { env: "MASQUERADE_CONFIG_DIR", parse: text, fallback: "/etc/ip-masq" },
  osReleaseFile: { env: "OS_RELEASE_FILE", parse: text, fallback: "/host/etc/os-release" },
  hostCgroups: { env: "HOST_CGROUPS", parse: text, fallback: "/host/sys/fs/cgroup" },
  hostTransientUnits: { env: "HOST_TRANSIENT_UNITS", parse: text, fallback: "/host/run/systemd/transient" },
  adoptFlows: { env: "ADOPT_FLOWS", parse: oneOf("true", "false"), fallback: "false" },
  statusIntervalMs: { env: "STATUS_INTERVAL_MS", parse: integer(500, 600_000), fallback: STATUS_INTERVAL_MS },
  logLevel: { env: "LOG_LEVEL", parse: text, fallback: "info" },
} as const;
