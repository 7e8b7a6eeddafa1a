import { findAll, lineAt, type Finding, type SourceFile, type Tree } from "./tree.ts";

/**
 * Where the database may be spoken to: one question, one function, in `queries.ts`, so that tenancy, indexes and the
 * two dialects can be reviewed in one place. The signer has a read-only view of its own and no other business.
 */
const SQL_PLACES = [
  /(?:^|[/-])queries\.ts$/,
  /^apps\/server\/src\/(?:migrations|platform)\//,
  /^apps\/signer\/src\//,
  /\.store\.test\.ts$/,
  /\.fixture\.ts$/,
  /^(?:tests|bench)\//,
];
/** Drivers are opened by the platform alone; a query gets its handle as a parameter. */
const DRIVER_PLACES = SQL_PLACES.slice(1);
const DRIVERS = new Set(["node:sqlite", "pg", "better-sqlite3", "postgres"]);
const BUILDERS = /\.(selectFrom|insertInto|updateTable|deleteFrom|mergeInto|replaceInto)\s*[(<]/g;
const SQL_TAG = /\bsql(?:<[^`;]*>)?`/g;

export function sqlPlaces(tree: Tree): readonly Finding[] {
  return tree.sources.flatMap((file) => [
    ...(isIn(SQL_PLACES, file) ? [] : questions(file)),
    ...(isIn(DRIVER_PLACES, file) ? [] : drivers(file)),
  ]);
}

const isIn = (places: readonly RegExp[], file: SourceFile): boolean =>
  places.some((place) => place.test(file.path));

function questions(file: SourceFile): Finding[] {
  const { path, scan } = file;
  return [
    ...findAll(path, scan.code, BUILDERS, "sql-place", (m) => `${m[1]} belongs into queries.ts`),
    ...findAll(path, scan.code, SQL_TAG, "sql-place", () => "SQL belongs into queries.ts"),
  ];
}

function drivers(file: SourceFile): Finding[] {
  return file.scan.imports
    .filter(({ specifier, isTypeOnly }) => DRIVERS.has(specifier) && !isTypeOnly)
    .map(({ specifier, offset }) => ({
      path: file.path,
      line: lineAt(file.text, offset),
      rule: "sql-place",
      message: `${specifier} is opened by apps/server/src/platform alone`,
    }));
}
