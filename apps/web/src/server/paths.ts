/** A path of this site to go on to; anything else, such as another site, is dropped. */
export const ownPath = (value: unknown): string | undefined =>
  typeof value === "string" && /^\/(?![/\\])/.test(value) ? value : undefined;
