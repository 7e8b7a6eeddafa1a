import { HardwareType, type Running } from "@moult/model";
import * as z from "zod";
import { readBody, readValue } from "./read-body.ts";

/** What a device says when it asks for an update, in whichever of the three forms it asks. */
export interface UpdateRequest {
  readonly hardwareType: HardwareType;
  readonly running: Running;
}

const Name = z.string().min(1).max(256);
const Value = z.string().max(4_096);
const Provides = z.record(Name, Value);

const Provided = z.looseObject({ device_type: HardwareType, artifact_name: Name });
const SecondForm = z.object({ device_provides: Provided });
const FirstForm = Provided.extend({ artifact_provides: Provides.optional() });

/** `POST v2 next`: everything the device provides. */
export function readSecondForm(body: unknown): UpdateRequest {
  return requestOf(readBody(body, SecondForm).device_provides, {});
}

/** `POST v1 next`: the same, flat. */
export function readFirstForm(body: unknown): UpdateRequest {
  const { artifact_provides: more = {}, ...flat } = readBody(body, FirstForm);
  return requestOf(flat, more);
}

/** `GET v1 next`: its type and its artifact's name alone. */
export function readQueryForm(query: unknown): UpdateRequest {
  const { device_type, artifact_name } = readValue(query, Provided);
  return requestOf({ device_type, artifact_name }, {});
}

/** What is no text is nothing that an artifact could depend on. */
function requestOf(
  { device_type: hardwareType, artifact_name: artifactName, ...rest }: z.infer<typeof Provided>,
  more: Readonly<Record<string, string>>,
): UpdateRequest {
  const texts = Object.entries(rest).filter(([, value]) => typeof value === "string");
  const provides = readValue(Object.fromEntries(texts), Provides);
  return {
    hardwareType,
    running: { artifactName, provides: { ...more, ...provides, artifact_name: artifactName } },
  };
}
