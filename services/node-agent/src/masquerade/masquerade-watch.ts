import { explain } from "@hostrouting/domain";
import type { Logger } from "@hostrouting/runtime";
import type { ClusterApi } from "../kube/cluster-api.ts";
import { watchCollection } from "../kube/watched-collection.ts";
import type { HostPort } from "../pods/node-pod.ts";
import type { ClusterRanges } from "./address-classes.ts";
import { CONFIG_MAPS, readConfigFolder, readConfigMap } from "./config-files.ts";
import { decideMasquerade, type MasqueradeDecision, type MasqueradeInputs } from "./decide-masquerade.ts";
import { RuleMemory } from "./known-rules.ts";
import { KeptConfig } from "./kept-config.ts";
import { readConfig, type ConfigFile, type ReadConfig } from "./masquerade-config.ts";
import { askFallbackRules, type RulesByFamily } from "./saved-rules.ts";
import { readService } from "./service-addresses.ts";

/** Follows everything that masquerading depends on. */
export type MasqueradeWatch = {
  readonly decide: (asked: MasqueradeInputs["asked"], cluster: ClusterRanges) => MasqueradeDecision;
  stop(): Promise<void>;
};

/** Where things are. `askRules` is the node's own word; `hostPorts` are those of its pods, undefined while not known. */
export type MasqueradeWatchOptions = {
  api: Pick<ClusterApi, "get" | "watch">;
  logger: Logger;
  configFolder: string;
  keptFile: string;
  hostPorts: () => readonly HostPort[] | undefined;
  onChange: () => void;
  askRules?: () => Promise<RulesByFamily>;
};

/** As often as ip-masq-agent puts its rules right. */
const ASK_RULES_MS = 60_000;

/** Starts to follow configuration, Services and rules; `onChange` comes after each difference. */
export function watchMasquerade(options: MasqueradeWatchOptions): MasqueradeWatch {
  const { api, logger, onChange, askRules = askFallbackRules } = options;
  const follow = { api, logger, onChange };
  const services = watchCollection({ ...follow, collection: "/api/v1/services", read: readService });
  const configMaps = CONFIG_MAPS.map((name) =>
    watchCollection({
      ...follow,
      collection: "/api/v1/namespaces/kube-system/configmaps",
      selector: `fieldSelector=metadata.name%3D${name}`,
      read: readConfigMap,
    }),
  );
  const kept = new KeptConfig(options.keptFile);
  const rules = new RuleMemory();
  const ask = async (): Promise<void> => {
    const before = JSON.stringify(rules.known());
    rules.take(await askRules());
    if (JSON.stringify(rules.known()) !== before) onChange();
  };
  const asking = new Asking(ask, (error) => logger.warn({ cause: explain(error) }, "rules of this node cannot be read"));
  return {
    decide(asked, cluster) {
      const read = readAll(
        options.configFolder,
        configMaps.map((watched) => watched.items()),
        cluster,
      );
      if (read) kept.take(read);
      const inputs = { asked, cluster, config: kept.state(), rules: rules.known() };
      return decideMasquerade({ ...inputs, services: services.items(), hostPorts: options.hostPorts() });
    },
    async stop() {
      await Promise.all([asking.stop(), services.stop(), ...configMaps.map((watched) => watched.stop())]);
    },
  };
}

/** Undefined while a config map, or the families of the cluster's pods, are not known: half a configuration is another one. */
function readAll(folder: string, maps: (readonly ConfigFile[][] | undefined)[], { podRanges }: ClusterRanges): ReadConfig | undefined {
  if (podRanges.length === 0 || !maps.every((found) => found !== undefined)) return undefined;
  const ipv6 = podRanges.some((range) => range.includes(":"));
  try {
    return readConfig([...readConfigFolder(folder), ...maps.flat(2)], ipv6);
  } catch (error) {
    return { fault: explain(error) };
  }
}

/** Asks at once and then every minute, one question at a time. */
class Asking {
  readonly #timer: NodeJS.Timeout;
  #running: Promise<void> | undefined;

  constructor(ask: () => Promise<void>, onFault: (error: unknown) => void) {
    const once = (): void => {
      this.#running ??= ask()
        .catch(onFault)
        .finally(() => (this.#running = undefined));
    };
    this.#timer = setInterval(once, ASK_RULES_MS);
    once();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#running;
  }
}
