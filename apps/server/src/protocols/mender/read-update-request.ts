import { HardwareType, type Running, type UnheededTerm } from "@moult/model";
import * as z from "zod";
import { readBody, readValue } from "./read-body.ts";

/** What a device says when it asks for an update, in whichever of the three forms it asks. */
export interface UpdateRequest {
  readonly hardwareType: HardwareType;
  readonly running: Running;
  /** What a plan may say that its client cannot be told. */
  readonly cannotKeep: readonly UnheededTerm[];
}

/** A client that takes update control maps waits for windows and for a person's word at the server. */
const WITH_MAPS: readonly UnheededTerm[] = ["consent"];
export const WITHOUT_MAPS: readonly UnheededTerm[] = ["consent", "download-only", "step-windows"];

/** Whether the client that asks so takes an update control map. */
export const takesMaps = ({ cannotKeep }: Pick<UpdateRequest, "cannotKeep">): boolean =>
  !cannotKeep.includes("download-only");

const Name = z.string().min(1).max(256);
const Value = z.string().max(4_096);
const Provides = z.record(Name, Value);

const Provided = z.looseObject({ device_type: HardwareType, artifact_name: Name });
const SecondForm = z.object({
  device_provides: Provided,
  update_control_map: z.boolean().optional(),
});
const FirstForm = Provided.extend({ artifact_provides: Provides.optional() });

/** `POST v2 next`: everything the device provides. */
export function readSecondForm(body: unknown): UpdateRequest {
  const { device_provides: provided, update_control_map: takesMap } = readBody(body, SecondForm);
  return requestOf(provided, {}, takesMap === true ? WITH_MAPS : WITHOUT_MAPS);
}

/** `POST v1 next`: the same, flat. */
export function readFirstForm(body: unknown): UpdateRequest {
  const { artifact_provides: more = {}, ...flat } = readBody(body, FirstForm);
  return requestOf(flat, more, WITHOUT_MAPS);
}

/** `GET v1 next`: its type and its artifact's name alone. */
export function readQueryForm(query: unknown): UpdateRequest {
  const { device_type, artifact_name } = readValue(query, Provided);
  return requestOf({ device_type, artifact_name }, {}, WITHOUT_MAPS);
}

/** What is no text is nothing that an artifact could depend on. */
function requestOf(
  { device_type: hardwareType, artifact_name: artifactName, ...rest }: z.infer<typeof Provided>,
  more: Readonly<Record<string, string>>,
  cannotKeep: readonly UnheededTerm[],
): UpdateRequest {
  const texts = Object.entries(rest).filter(([, value]) => typeof value === "string");
  const provides = readValue(Object.fromEntries(texts), Provides);
  return {
    hardwareType,
    cannotKeep,
    running: { artifactName, provides: { ...more, ...provides, artifact_name: artifactName } },
  };
}
