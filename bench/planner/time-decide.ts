import { DatabaseSync } from "node:sqlite";
import { seededRandom } from "@moult/base";
import { PLACES, decide, type DecideFacts } from "@moult/planner";
import { PART_NAME } from "@moult/trust";

/** Each is another device of the fleet. */
const DEVICES = 4_096;
const ROUNDS = 60;
const WARM_ROUNDS = 10;

/** What the server decided its last offer by, as it is kept in the deployment's chain. */
export function factsOfLastOffer(file: string): DecideFacts {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    const row = database
      .prepare(
        "select inputs, deployment_id as deployment from event where kind = 'assignment-offered' order by sequence desc limit 1",
      )
      .get();
    if (row === undefined) throw new Error("the server made no offer");
    const shared = new Map(
      database
        .prepare("select sha256, content from deployment_fact where deployment_id = ?")
        .all(String(row["deployment"]))
        .map(({ sha256, content }) => [String(sha256), String(content)]),
    );
    const { facts } = unpacked(JSON.parse(String(row["inputs"])), shared) as {
      readonly facts: DecideFacts;
    };
    return facts;
  } finally {
    database.close();
  }
}

/** With the parts put in that the inputs name. */
function unpacked(value: unknown, shared: ReadonlyMap<string, string>): unknown {
  if (Array.isArray(value)) return value.map((each) => unpacked(each, shared));
  if (typeof value !== "object" || value === null) return value;
  if (PART_NAME in value) return JSON.parse(shared.get(String(value[PART_NAME])) ?? "null");
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, unpacked(member, shared)]),
  );
}

/** How long a processor takes to decide for one device, in nanoseconds, over many devices with these facts and places of their own. */
export function timeDecide(facts: DecideFacts): { readonly ns: number; readonly offers: number } {
  const random = seededRandom(1);
  const asked = Array.from({ length: DEVICES }, () => ({
    ...facts,
    device: { ...facts.device, draw: 1 + Math.floor(random.fraction() * (PLACES - 1)) },
  }));
  let offers = 0;
  const round = (): void => {
    for (const one of asked) if (decide(one).kind === "offer") offers += 1;
  };
  for (let index = 0; index < WARM_ROUNDS; index += 1) round();
  offers = 0;
  const before = process.cpuUsage();
  for (let index = 0; index < ROUNDS; index += 1) round();
  const { user } = process.cpuUsage(before);
  const ns = (user * 1_000) / (ROUNDS * DEVICES);
  return { ns, offers: offers / (ROUNDS * DEVICES) };
}
