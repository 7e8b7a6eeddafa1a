export { holdProduct } from "./hold-product.ts";
export { createProductHandlers } from "./operations.ts";
export { productNames } from "./product-names.ts";
export { isSameRule, signatureRule, type SignatureRule } from "./signature-rule.ts";
