import { DeviceContact, DeviceState, GroupId, HardwareType, ProductName } from "@moult/model";
import { parseQuery, QUERY_LENGTH_MAX, QueryError } from "@moult/query";
import * as z from "zod";

/** `region=eu`: the device reports exactly this value under this name, which has no equals sign. */
const AttributeCondition = z
  .string()
  .max(4225)
  .regex(/^[^=]{1,128}=/, "NAME=VALUE");

/** What is wrong with a text that is no query is said with its place in it. */
export function demandQuery(text: string, context: z.RefinementCtx, path: string[] = []): void {
  try {
    parseQuery(text);
  } catch (error) {
    if (!(error instanceof QueryError)) throw error;
    context.addIssue({ code: "custom", message: error.sentence, path });
  }
}

/** A query over devices. */
export const QueryText = z
  .string()
  .max(QUERY_LENGTH_MAX)
  .superRefine((text, context) => demandQuery(text, context));

/** Which devices are meant: those to which all that is given applies. The same in lists, counts and bulk changes. */
export const DeviceFilter = z.strictObject({
  product: ProductName.optional(),
  state: DeviceState.optional(),
  groupId: GroupId.optional(),
  hardwareType: HardwareType.optional(),
  /** Artifact name that the device runs. */
  running: z.string().max(256).optional(),
  contact: DeviceContact.optional(),
  /** Whether the device is in an update. */
  updating: z.enum(["true", "false"]).optional(),
  /** Accepted devices that wait for a decision: another `key` asks to be theirs, or two machines share an `identity`. */
  undecided: z.enum(["key", "identity"]).optional(),
  attribute: z.array(AttributeCondition).max(5).optional(),
  /** `inventory.os = linux AND running < 2.0`: a condition in a subset of AIP-160 filters. */
  query: QueryText.optional(),
  /** Part of the name, of an identity value or of the id. */
  search: z.string().max(128).optional(),
});
export type DeviceFilter = z.infer<typeof DeviceFilter>;

/** `seen`: the one last heard of first, those never heard of last. */
export const DeviceSort = z.enum(["newest", "oldest", "name", "seen"]);
export type DeviceSort = z.infer<typeof DeviceSort>;
