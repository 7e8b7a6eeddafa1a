export { createBulkChangeHandlers } from "./operations.ts";
export { createBulkChangeWorker, type BulkChangeWorker } from "./worker.ts";
