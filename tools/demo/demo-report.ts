import { readFileSync } from "node:fs";
import type { Client } from "@moult/client";
import type { Deployment } from "@moult/model";

/** The demo's result: the last line of `make demo ONCE=1`. */
export interface DemoReport {
  readonly devices: number;
  readonly updatedTo2: number;
  readonly exposedTo3: number;
  readonly rolledBackFrom3: number;
  readonly trippedBy: string;
  readonly running: string;
  readonly serverRssMb: number;
  readonly seconds: number;
}

export interface DemoFacts {
  readonly client: Client;
  readonly product: string;
  readonly deploymentOf2: string;
  readonly deploymentOf3: string;
  readonly applicationPorts: readonly number[];
  readonly serverPid: number;
  readonly startedAt: number;
}

/** Asks the server, and the applications themselves, what became of it all. */
export async function reportOf(facts: DemoFacts): Promise<DemoReport> {
  const { client } = facts;
  const show = (deploymentId: string) =>
    client.call("showDeployment", { params: { deploymentId } });
  const of2 = await show(facts.deploymentOf2);
  const of3 = await show(facts.deploymentOf3);
  const reported: string[] = [];
  for await (const device of client.all("listDevices", { query: { product: facts.product } }))
    if (!device.identity["serial"]?.startsWith("fleet-"))
      reported.push(device.running?.artifactName ?? "nothing");
  const served = await Promise.all(facts.applicationPorts.map(versionServedAt));
  const versions = new Set([...reported, ...served]);
  return {
    devices: reported.length,
    updatedTo2: of2.tally.succeeded,
    exposedTo3: of3.tally.admitted,
    rolledBackFrom3: of3.tally.rolledBack,
    trippedBy: tripText(of3),
    // What the server was told and what the applications answer must be one version, or the difference shows here.
    running: [...versions].toSorted().join(", "),
    serverRssMb: Math.round(residentMegabytes(facts.serverPid)),
    seconds: Math.round((performance.now() - facts.startedAt) / 100) / 10,
  };
}

/** What is not as the demo promises; empty when all is well. */
export function deviations(report: DemoReport, devices: number): readonly string[] {
  const expected: Partial<DemoReport> = {
    devices,
    updatedTo2: devices,
    exposedTo3: 1,
    rolledBackFrom3: 1,
    running: "2.0",
  };
  const found = Object.entries(expected)
    .filter(([name, value]) => report[name as keyof DemoReport] !== value)
    .map(([name, value]) => `${name} is ${report[name as keyof DemoReport]}, not ${value}`);
  if (report.trippedBy === "") found.push("the deployment of 3.0 did not trip");
  return found;
}

function tripText({ state, trip }: Deployment): string {
  if (state !== "tripped" || trip === null) return "";
  return `${trip.kind} ${trip.failed} of ${trip.finished} in stage ${trip.stage + 1}`;
}

/** The version that the application on `port` says it is; text that is no version when there is none. */
export async function versionServedAt(port: number): Promise<string> {
  try {
    const text = await (await fetch(`http://127.0.0.1:${port}/`)).text();
    return /^demo app (\S+) on /.exec(text)?.[1] ?? `something else on ${port}`;
  } catch {
    return `nothing on ${port}`;
  }
}

function residentMegabytes(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kilobytes) / 1_024;
}
