import { ControllerId, HardwareType, Inventory } from "@moult/model";
import * as z from "zod";
import { hawkbitPages } from "./hawkbit-pages.ts";
import type { ReportBuilder } from "./import-report.ts";
import type { PeerLink } from "./peer-link.ts";

/** A target of a hawkBit server. */
export interface HawkbitDevice {
  readonly controllerId: ControllerId;
  readonly hardwareType: HardwareType;
  readonly name: string | undefined;
  /** Undefined: the user may not read it, or it is too short to count as a secret. */
  readonly token: string | undefined;
  readonly attributes: Inventory | undefined;
  /** Its tags, and its group. */
  readonly groups: readonly string[];
}

export interface HawkbitChoice {
  /** A query of hawkBit's over targets; undefined: all. */
  readonly query: string | undefined;
  /** Of devices that say nothing else. */
  readonly hardwareType: HardwareType | undefined;
  /** The attribute that says it. */
  readonly hardwareAttribute: string | undefined;
}

const Target = z.object({
  controllerId: z.string().max(1_024),
  name: z.string().nullish(),
  group: z.string().nullish(),
  securityToken: z.string().max(1_024).nullish(),
  targetTypeName: z.string().nullish(),
});
type Target = z.infer<typeof Target>;

const Attributes = z.record(z.string(), z.string().nullable());
const Tags = z.array(z.object({ name: z.string() }));

const TOKEN = /^[\x21-\x7e]{16,256}$/;

/** Reads all targets, a page at a time. */
export async function* hawkbitDevices(
  link: PeerLink,
  choice: HawkbitChoice,
  report: ReportBuilder,
): AsyncGenerator<HawkbitDevice> {
  const query = choice.query === undefined ? "" : `&q=${encodeURIComponent(choice.query)}`;
  for await (const target of hawkbitPages(link, "/rest/v1/targets", Target, query)) {
    report.count("devices", "read");
    const device = await deviceFrom(link, target, choice, report);
    if (device !== undefined) yield device;
  }
}

async function deviceFrom(
  link: PeerLink,
  target: Target,
  choice: HawkbitChoice,
  report: ReportBuilder,
): Promise<HawkbitDevice | undefined> {
  const id = ControllerId.safeParse(target.controllerId);
  if (!id.success) {
    report.leaveOut("devices", target.controllerId, `its name is none here: ${why(id.error)}`);
    return undefined;
  }
  const path = `/rest/v1/targets/${encodeURIComponent(target.controllerId)}`;
  const attributes = (await link.find({ path: `${path}/attributes` }, Attributes)) ?? {};
  const tags = (await link.find({ path: `${path}/tags` }, Tags)) ?? [];
  const hardwareType = hardwareTypeOf(target, attributes, choice);
  if (hardwareType === undefined) {
    report.leaveOut(
      "devices",
      id.data,
      "what kind of machine it is, nothing says: --hardware-type",
    );
    return undefined;
  }
  const { name, group } = target;
  return {
    controllerId: id.data,
    hardwareType,
    name: name === undefined || name === null || name === id.data ? undefined : name.slice(0, 128),
    token: tokenOf(id.data, target, report),
    attributes: inventoryOf(id.data, attributes, report),
    groups: [
      ...(group === undefined || group === null || group === "" ? [] : [group]),
      ...tags.map((tag) => tag.name),
    ],
  };
}

function hardwareTypeOf(
  { targetTypeName }: Target,
  attributes: z.infer<typeof Attributes>,
  { hardwareType, hardwareAttribute }: HawkbitChoice,
): HardwareType | undefined {
  const said = hardwareAttribute === undefined ? undefined : attributes[hardwareAttribute];
  return HardwareType.safeParse(said ?? hardwareType ?? targetTypeName).data;
}

function tokenOf(
  controllerId: string,
  { securityToken: token }: Target,
  report: ReportBuilder,
): string | undefined {
  if (token === undefined || token === null || token === "") {
    report.note(
      "The user may not read the devices' tokens (READ_TARGET_SECURITY_TOKEN); each gets one by `moult controller renew-token`, or comes through a gateway token.",
    );
    return undefined;
  }
  if (TOKEN.test(token)) return token;
  report.mention("devices", controllerId, "its token is too short to be kept; give it another");
  return undefined;
}

function inventoryOf(
  controllerId: string,
  attributes: z.infer<typeof Attributes>,
  report: ReportBuilder,
): Inventory | undefined {
  const texts = Object.entries(attributes).flatMap(([name, value]) =>
    value === null ? [] : [[name, value]],
  );
  if (texts.length === 0) return undefined;
  const inventory = Inventory.safeParse(Object.fromEntries(texts));
  if (inventory.success) return inventory.data;
  report.mention("devices", controllerId, `without its attributes: ${why(inventory.error)}`);
  return undefined;
}

const why = ({ issues: [issue] }: z.ZodError): string => issue?.message ?? "it is not valid";
