/** Two numbers or more with dots between, then what Semantic Versioning 2.0.0 lets follow. One alone may be a commit's. */
const VERSION =
  /^v?([0-9]+(?:\.[0-9]+)+)(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z.-]+)?$/;

/**
 * Below 0 when `left` comes before `right` by the precedence of Semantic Versioning 2.0.0, above 0 when after it, 0 when
 * neither; undefined where one of them is no such version. Wider than the standard in what it reads: `v` may stand before
 * it, a number that is not given is 0, there may be more than three, and zeros before a number say nothing.
 */
export function compareVersions(left: string, right: string): number | undefined {
  const one = VERSION.exec(left);
  const other = VERSION.exec(right);
  if (one === null || other === null) return undefined;
  const byNumbers = compareNumbers(partsOf(one[1]), partsOf(other[1]));
  return byNumbers === 0 ? comparePreReleases(one[2], other[2]) : byNumbers;
}

const partsOf = (dotted: string | undefined): readonly string[] => (dotted ?? "").split(".");

function compareNumbers(left: readonly string[], right: readonly string[]): number {
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const difference = compareDigits(left[index] ?? "0", right[index] ?? "0");
    if (difference !== 0) return difference;
  }
  return 0;
}

/** A version has one when it is not finished: it comes before the one without. */
function comparePreReleases(left: string | undefined, right: string | undefined): number {
  if (left === undefined || right === undefined)
    return Number(left === undefined) - Number(right === undefined);
  const leftParts = partsOf(left);
  const rightParts = partsOf(right);
  for (const [index, part] of leftParts.entries()) {
    const other = rightParts[index];
    if (other === undefined) return 1;
    const difference = compareIdentifiers(part, other);
    if (difference !== 0) return difference;
  }
  return leftParts.length - rightParts.length;
}

/** Numbers by size and before texts; texts by their ASCII. */
function compareIdentifiers(left: string, right: string): number {
  const isNumber = (text: string): boolean => /^[0-9]+$/.test(text);
  if (isNumber(left) !== isNumber(right)) return isNumber(left) ? -1 : 1;
  return isNumber(left) ? compareDigits(left, right) : compareTexts(left, right);
}

/** As texts, because the digits may be more than a number holds exactly. */
function compareDigits(left: string, right: string): number {
  const one = left.replace(/^0+/, "");
  const other = right.replace(/^0+/, "");
  return one.length === other.length ? compareTexts(one, other) : one.length - other.length;
}

const compareTexts = (left: string, right: string): number =>
  left === right ? 0 : left < right ? -1 : 1;
