import { bulkChangeOperations } from "./operations/bulk-changes.ts";
import { controllerOperations } from "./operations/controllers.ts";
import { deploymentOperations } from "./operations/deployments.ts";
import { deviceOperations } from "./operations/devices.ts";
import { eventOperations } from "./operations/events.ts";
import { groupOperations } from "./operations/groups.ts";
import { importOperations } from "./operations/imports.ts";
import { overviewOperations } from "./operations/overview.ts";
import { peopleOperations } from "./operations/people.ts";
import { productOperations } from "./operations/products.ts";
import { releaseOperations } from "./operations/releases.ts";
import { safeguardOperations } from "./operations/safeguards.ts";
import { systemOperations } from "./operations/system.ts";
import { trustOperations } from "./operations/trust.ts";
import { uploadOperations } from "./operations/uploads.ts";

/** Every operation of the operator API, by its id. */
export const operations = {
  ...systemOperations,
  ...peopleOperations,
  ...eventOperations,
  ...overviewOperations,
  ...productOperations,
  ...deviceOperations,
  ...controllerOperations,
  ...importOperations,
  ...groupOperations,
  ...bulkChangeOperations,
  ...releaseOperations,
  ...safeguardOperations,
  ...uploadOperations,
  ...trustOperations,
  ...deploymentOperations,
} as const;

export type OperationId = keyof typeof operations;
