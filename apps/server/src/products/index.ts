export { holdProduct } from "./hold-product.ts";
export { createProductHandlers } from "./operations.ts";
export { signatureRule, type SignatureRule } from "./signature-rule.ts";
