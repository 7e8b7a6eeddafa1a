import * as z from "zod";
import { AssignmentId, DeviceId } from "./ids.ts";
import { Instant, Sha256 } from "./names.ts";

/** Where a deployment's chain of events does not hold. */
export const ChainBreak = z.object({
  kind: z.enum([
    /** The entry, or one before it, is not what was written. */
    "altered",
    /** The entry is gone. */
    "missing",
    /** A part that the entry's inputs name is gone, or is not what was written. */
    "inputs-altered",
    /** The deployment's row says another end of the chain. */
    "end-differs",
    /** An event of the deployment is in no chain. */
    "unchained",
    /** The deployment's row is not as its events left it. */
    "deployment-differs",
  ]),
  /** The entry's number, from 1; of what is about none, the chain's last. */
  number: z.int().min(0),
  at: Instant.nullable(),
  sentence: z.string(),
});
export type ChainBreak = z.infer<typeof ChainBreak>;

/** What came of checking a deployment's chain, or one piece of it. */
export const ChainVerification = z.object({
  /** The last entry that was checked and holds. */
  through: z.int().min(0),
  /** The chain after it. */
  sha256: Sha256,
  /** How many entries the chain has by now. */
  entries: z.int().min(0),
  /** There is more: go on after `through`. */
  isMore: z.boolean(),
  /** The first place where it does not hold; nothing after it was checked. */
  firstBreak: ChainBreak.nullable(),
});
export type ChainVerification = z.infer<typeof ChainVerification>;

/** Entries of a deployment's chain as they are stored, so that anybody can check them without this server. */
export const ChainPage = z.object({
  items: z.array(
    z.object({
      number: z.int().min(1),
      /** Milliseconds since 1970. */
      at: z.int(),
      deviceId: DeviceId.nullable(),
      assignmentId: AssignmentId.nullable(),
      /** The event, word for word. */
      body: z.string(),
      /** What decided it, word for word; null where a person or a device did. */
      inputs: z.string().nullable(),
      /** The chain after it. */
      sha256: z.string(),
    }),
  ),
  /** Texts of the parts that inputs of these entries name, by their SHA-256. */
  parts: z.record(z.string(), z.string()),
  /** How many entries the chain has by now. */
  entries: z.int().min(0),
});
export type ChainPage = z.infer<typeof ChainPage>;

const Difference = z.object({
  /** In what was decided, such as `claim.openMax`; empty: all of it. */
  path: z.string(),
  /** As JSON; null where one of the two says nothing. */
  recorded: z.string().nullable(),
  now: z.string().nullable(),
});

/** What came of deciding a piece of a deployment's chain again. */
export const ChainReplay = z.object({
  /** The last entry that was looked at. */
  through: z.int().min(0),
  entries: z.int().min(0),
  isMore: z.boolean(),
  /** Entries that a person or a device decided, with nothing to decide again. */
  notDecided: z.int().min(0),
  /** Entries that this server's planner decides as they were decided. */
  same: z.int().min(0),
  /** The others, each with what it is about. */
  others: z.array(
    z.object({
      number: z.int().min(1),
      at: Instant,
      deviceId: DeviceId.nullable(),
      /** What was decided then. */
      event: z.string(),
      /** Null where it could be decided again, and came out differently. */
      notReplayable: z.string().nullable(),
      differences: z.array(Difference),
    }),
  ),
});
export type ChainReplay = z.infer<typeof ChainReplay>;
