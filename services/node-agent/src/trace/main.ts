/**
 * What this node does with a flow, as JSON on standard output: `node trace/main.ts '{"flow":{…},"opening":false}'`, beside the agent and with
 * its rights. Reads pins; loads, attaches and changes nothing. Exit code 1 with one sentence on standard error.
 */
import { advise, type FlowTrace } from "@hostrouting/domain";
import { readConfig } from "@hostrouting/runtime";
import { AGENT_SETTINGS } from "../agent-config.ts";
import { Datapath } from "../host-routing/datapath.ts";
import { pinFolders } from "../host-routing/pin-folder.ts";
import { traceFlow, type TraceQuestion } from "./trace-flow.ts";

function main(argument: string | undefined): FlowTrace {
  const question = JSON.parse(argument ?? "") as TraceQuestion;
  const { pinRoot } = readConfig({ pinRoot: AGENT_SETTINGS.pinRoot }, process.env);
  const [folder] = pinFolders(pinRoot).filter((candidate) => candidate.complete());
  if (!folder) return { protocol: question.flow.protocol, mode: "Absent", directions: [] };
  const datapath = Datapath.adopt(folder);
  try {
    return traceFlow(datapath, question);
  } finally {
    datapath.close();
  }
}

try {
  process.stdout.write(`${JSON.stringify(main(process.argv[2]))}\n`);
} catch (error) {
  process.stderr.write(`${advise(error)}\n`);
  process.exitCode = 1;
}
