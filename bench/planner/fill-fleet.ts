import { DatabaseSync } from "node:sqlite";

/** Adds accepted devices to a server's database until it has `count`, each like one that enrolled but for what tells them apart. */
export function fillFleet(file: string, count: number): void {
  const database = new DatabaseSync(file);
  try {
    database.exec("pragma busy_timeout = 10000");
    const columns = database
      .prepare("select name from pragma_table_info('device')")
      .all()
      .map(({ name }) => String(name));
    const own: Readonly<Record<string, string>> = {
      id: "printf('%08x-0000-7000-8000-%012x', n.i, n.i)",
      identity_sha256: "printf('%064x', n.i)",
      draw: "1 + (n.i * 1103515245) % 2147483646",
    };
    const values = columns.map((name) => own[name] ?? `one.${name}`);
    database.exec(`with recursive n(i) as (select 1 union all select i + 1 from n where i < ${count - rowsOf(database, "device")})
      insert into device (${columns.join(", ")}) select ${values.join(", ")}
      from n join (select * from device where state = 'accepted' limit 1) as one`);
    database.exec("analyze");
  } finally {
    database.close();
  }
}

const rowsOf = (database: DatabaseSync, table: string): number =>
  Number(database.prepare(`select count(*) as count from "${table}"`).get()?.["count"]);

/** Rows of all tables but devices. */
export function otherRows(file: string): number {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    return database
      .prepare("select name from sqlite_schema where type = 'table' and name not like 'sqlite_%'")
      .all()
      .map(({ name }) => String(name))
      .filter((name) => name !== "device")
      .reduce((sum, name) => sum + rowsOf(database, name), 0);
  } finally {
    database.close();
  }
}
