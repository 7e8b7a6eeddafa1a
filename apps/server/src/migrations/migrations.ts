import type { Migration } from "../platform/migrate.ts";
import { up as foundation } from "./0001-foundation.ts";
import { up as operators } from "./0002-operators.ts";
import { up as deviceLists } from "./0003-device-lists.ts";
import { up as uploads } from "./0004-uploads.ts";
import { up as overview } from "./0005-overview.ts";
import { up as trust } from "./0006-trust.ts";
import { up as evidence } from "./0007-evidence.ts";
import { up as signerRefusals } from "./0008-signer-refusals.ts";
import { up as signedTerms } from "./0009-signed-terms.ts";
import { up as webhooks } from "./0010-webhooks.ts";
import { up as fleetSizes } from "./0011-fleet-sizes.ts";
import { up as deviceQueries } from "./0012-device-queries.ts";
import { up as planVersion2 } from "./0013-plan-version-2.ts";
import { up as deferrals } from "./0014-deferrals.ts";
import { up as rollbacks } from "./0015-rollbacks.ts";
import { up as deviceOrders } from "./0016-device-orders.ts";
import { up as deviceHolds } from "./0017-device-holds.ts";
import { up as approvals } from "./0018-approvals.ts";
import { up as releaseRules } from "./0019-release-rules.ts";
import { up as limits } from "./0021-limits.ts";
import { up as chain } from "./0022-chain.ts";
import { up as targetTerms } from "./0023-target-terms.ts";
import { up as phaseTimeouts } from "./0025-phase-timeouts.ts";
import { up as safeguards } from "./0027-safeguards.ts";
import { up as sites } from "./0031-sites.ts";
import { up as rollbackOrders } from "./0046-rollback-orders.ts";

/** Every step from an empty database to this version's tables. A released step is never changed. */
export const MIGRATIONS: readonly Migration[] = [
  { number: 1, name: "foundation", up: foundation },
  { number: 2, name: "operators", up: operators },
  { number: 3, name: "device-lists", up: deviceLists },
  { number: 4, name: "uploads", up: uploads },
  { number: 5, name: "overview", up: overview },
  { number: 6, name: "trust", up: trust },
  { number: 7, name: "evidence", up: evidence },
  { number: 8, name: "signer-refusals", up: signerRefusals },
  { number: 9, name: "signed-terms", up: signedTerms },
  { number: 10, name: "webhooks", up: webhooks },
  { number: 11, name: "fleet-sizes", up: fleetSizes },
  { number: 12, name: "device-queries", up: deviceQueries },
  { number: 13, name: "plan-version-2", up: planVersion2 },
  { number: 14, name: "deferrals", up: deferrals },
  { number: 15, name: "rollbacks", up: rollbacks },
  { number: 16, name: "device-orders", up: deviceOrders },
  { number: 17, name: "device-holds", up: deviceHolds },
  { number: 18, name: "approvals", up: approvals },
  { number: 19, name: "release-rules", up: releaseRules },
  { number: 21, name: "limits", up: limits },
  { number: 22, name: "chain", up: chain },
  { number: 23, name: "target-terms", up: targetTerms },
  { number: 25, name: "phase-timeouts", up: phaseTimeouts },
  { number: 27, name: "safeguards", up: safeguards },
  { number: 31, name: "sites", up: sites },
  { number: 46, name: "rollback-orders", up: rollbackOrders },
];
