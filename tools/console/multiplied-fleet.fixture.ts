import { createHash, randomBytes, randomInt, randomUUID } from "node:crypto";
import { join } from "node:path";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";

type Row = Record<string, SQLInputValue>;
type Insert = (table: string, row: Row) => void;

interface Original {
  readonly device: Row;
  readonly parts: readonly { readonly table: string; readonly row: Row }[];
}

/** What a device has in other tables, and its copies too. */
const PARTS = ["device_key", "device_attribute", "device_run"];

const HOUR_MS = 3_600_000;
const BATCH = 500;

/**
 * Makes more devices of those that are there: each of `product` gets copies until there are `count`, with ids, serial
 * numbers and keys of their own, heard of at other times. Real devices join at about a hundred a second, which is too
 * slow for ten thousand; what a list shows of a copy is what the real one reported.
 */
export function multiplyFleet(dataFolder: string, product: string, count: number): void {
  const database = new DatabaseSync(join(dataFolder, "moult.sqlite"), { timeout: 30_000 });
  // It is a test's: after a power cut it would be made anew.
  database.exec("pragma synchronous = off");
  const insert = inserter(database);
  try {
    const devices = rowsOf(database, "select * from device where product = ?", product).map(
      (device) => ({
        device,
        parts: PARTS.flatMap((table) =>
          rowsOf(database, `select * from ${table} where device_id = ?`, textOf(device, "id")).map(
            (row) => ({ table, row }),
          ),
        ),
      }),
    );
    let made = devices.length;
    while (made < count) {
      // Short ones: the server writes meanwhile.
      database.exec("begin immediate");
      for (const end = Math.min(count, made + BATCH); made < end; made += 1)
        copyDevice(insert, devices[made % devices.length], made);
      database.exec("commit");
    }
  } finally {
    database.close();
  }
}

function copyDevice(insert: Insert, original: Original | undefined, index: number): void {
  if (original === undefined) throw new Error("there is no device to copy");
  const { device, parts } = original;
  const { serial } = JSON.parse(textOf(device, "identity")) as { readonly serial: string };
  const id = randomUUID();
  const copySerial = serial.replace(/\d+$/, String(index));
  const renamed = (text: SQLInputValue): SQLInputValue =>
    typeof text === "string"
      ? text
          .replaceAll(serial, copySerial)
          .replaceAll(textOf(device, "id"), id)
          .replace(/\bsim-\d{6}\b/g, `sim-${String(index).padStart(6, "0")}`)
      : text;
  const copy = (row: Row, own: Row): Row => ({ ...mapValues(row, renamed), ...own });
  insert(
    "device",
    copy(device, {
      identity_sha256: createHash("sha256").update(copySerial).digest("hex"),
      draw: randomInt(2 ** 31),
      open_assignment_id: null,
      enrolled_at: Number(device["enrolled_at"]) + index,
      last_seen_at: lastSeen(index),
    }),
  );
  for (const { table, row } of parts)
    insert(
      table,
      copy(row, table === "device_key" ? { fingerprint: randomBytes(32).toString("hex") } : {}),
    );
}

/** Nine of ten on time, some late, some silent, a few never heard of; for a check-in every hour. */
function lastSeen(index: number): number | null {
  const share = index % 100;
  const now = Date.now();
  if (share < 90) return now - (index % 600) * 1_000;
  if (share < 95) return now - (4 + (index % 12)) * HOUR_MS;
  return share < 99 ? now - (48 + (index % 200)) * HOUR_MS : null;
}

function rowsOf(database: DatabaseSync, sql: string, value: string): Row[] {
  return database.prepare(sql).all(value) as Row[];
}

/** Statements are kept: there are some ten for each of thousands of devices. */
function inserter(database: DatabaseSync): Insert {
  const statements = new Map<string, StatementSync>();
  return (table, row) => {
    const names = Object.keys(row);
    let statement = statements.get(table);
    if (statement === undefined) {
      const values = names.map(() => "?").join(", ");
      statement = database.prepare(`insert into ${table} (${names.join(", ")}) values (${values})`);
      statements.set(table, statement);
    }
    statement.run(...Object.values(row));
  };
}

function textOf(row: Row, name: string): string {
  const value = row[name];
  if (typeof value !== "string") throw new Error(`the column ${name} holds no text`);
  return value;
}

const mapValues = (row: Row, change: (value: SQLInputValue) => SQLInputValue): Row =>
  Object.fromEntries(Object.entries(row).map(([name, value]) => [name, change(value)]));
