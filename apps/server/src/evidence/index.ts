export { createEvidenceHandlers } from "./operations.ts";
export { recordReceipt } from "./record-receipt.ts";
export { createAuditTender } from "./seal-audit.ts";
