export { artifactTrust } from "./artifact-trust.ts";
export { evidenceFiles } from "./evidence-files.ts";
export { createTrustHandlers } from "./operations.ts";
export { newestRoot } from "./newest-root.ts";
export { createTrustTender } from "./tend-trust.ts";
export { trustNeeds, type TrustNeeds } from "./trust-needs.ts";
export { publishedTrustFile } from "./trust-files.ts";
export { trustFigures } from "./trust-figures.ts";
