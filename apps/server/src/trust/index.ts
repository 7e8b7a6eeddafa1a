export { createTrustHandlers } from "./operations.ts";
export { publishedTrustFile } from "./trust-files.ts";
