import {
  ControllerId,
  DeviceIdentity,
  HardwareType,
  Inventory,
  ProductName,
  Sha256,
} from "@moult/model";
import * as z from "zod";
import { IMPORTED_MAX, ImportedDevice, JoinedGroups } from "../imported-device.ts";
import { operation } from "../operation.ts";

/** Devices that come from another server. */
export const importOperations = {
  importPreauthorisations: operation({
    id: "importPreauthorisations",
    summary:
      "Preauthorise many devices, as another server knew them; what is there already stays, and gets the groups too",
    method: "POST",
    path: "/preauthorisation-imports",
    permission: "enrolment:write",
    body: z.strictObject({
      product: ProductName,
      /** Nothing is changed; the answer is what it would be. */
      isDryRun: z.boolean().default(false),
      items: z
        .array(
          z.strictObject({
            keyFingerprint: Sha256,
            identity: DeviceIdentity,
            name: z.string().min(1).max(128).optional(),
            groupIds: JoinedGroups.default([]),
          }),
        )
        .min(1)
        .max(IMPORTED_MAX),
    }),
    replyKind: "json",
    /** In the order of the request. */
    reply: z.object({ items: z.array(ImportedDevice) }),
    errors: ["not-found", "state-conflict"],
  }),
  importControllers: operation({
    id: "importControllers",
    summary:
      "Add many such devices, as another server knew them, with the tokens that they have there; what is there already stays, and gets the groups too",
    method: "POST",
    path: "/controller-imports",
    permission: "enrolment:write",
    body: z.strictObject({
      product: ProductName,
      /** Nothing is changed; the answer is what it would be. */
      isDryRun: z.boolean().default(false),
      items: z
        .array(
          z.strictObject({
            controllerId: ControllerId,
            hardwareType: HardwareType,
            name: z.string().min(1).max(128).optional(),
            /** Of so many characters that nobody guesses it; without one, the device is given one by `renewControllerToken`. */
            token: z
              .string()
              .regex(/^[\x21-\x7e]{16,256}$/)
              .optional(),
            /** What it said of itself there; it says so anew when it first asks here. */
            attributes: Inventory.optional(),
            groupIds: JoinedGroups.default([]),
          }),
        )
        .min(1)
        .max(IMPORTED_MAX),
    }),
    replyKind: "json",
    /** In the order of the request. */
    reply: z.object({ items: z.array(ImportedDevice) }),
    errors: ["not-found", "state-conflict"],
  }),
};
