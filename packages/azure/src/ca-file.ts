import { readFileSync } from "node:fs";
import { AppError } from "@hostrouting/domain";

/** The CA of an endpoint for Azure's HTTP pipelines; nothing where a public one vouches. @throws AppError `azure.ca-unreadable` */
export function readCaFile(caFile: string | undefined): { tlsOptions?: { ca: string } } {
  if (caFile === undefined || caFile === "") return {};
  try {
    return { tlsOptions: { ca: readFileSync(caFile, "utf8") } };
  } catch (cause) {
    throw new AppError("azure.ca-unreadable", {
      say: `The CA file ${caFile} cannot be read`,
      do: "Is the ready file of another user, or of an installation that is gone?",
      cause,
    });
  }
}
