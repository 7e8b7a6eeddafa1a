export { holdProduct } from "./hold-product.ts";
export { createProductHandlers } from "./operations.ts";
export { isSameRule, signatureRule, type SignatureRule } from "./signature-rule.ts";
