import type { Invitation, Person } from "@moult/api";
import { factsText, type Column } from "../terminal/table-text.ts";
import { timeText } from "../terminal/time-text.ts";

export const PERSON_COLUMNS: readonly Column<Person>[] = [
  { title: "EMAIL", text: ({ email }) => email },
  { title: "NAME", text: ({ name, isYou }) => (isYou ? `${name} (you)` : name) },
  { title: "ROLE", text: ({ role }) => role },
  { title: "API KEYS", text: ({ apiKeys }) => String(apiKeys), isNumber: true },
  { title: "INVITED BY", text: ({ invitedBy }) => invitedBy ?? "" },
  { title: "SINCE", text: ({ createdAt }) => timeText(createdAt) },
  { title: "ID", text: ({ id }) => id },
];

export const APPROVER_COLUMNS: readonly Column<Pick<Person, "email" | "name" | "role">>[] = [
  { title: "EMAIL", text: ({ email }) => email },
  { title: "NAME", text: ({ name }) => name },
  { title: "ROLE", text: ({ role }) => role },
];

export const INVITATION_COLUMNS: readonly Column<Invitation>[] = [
  { title: "EMAIL", text: ({ email }) => email },
  { title: "ROLE", text: ({ role }) => role },
  { title: "INVITED BY", text: ({ invitedBy }) => invitedBy },
  { title: "EXPIRES", text: ({ expiresAt }) => timeText(expiresAt) },
  { title: "ID", text: ({ id }) => id },
];

export const personText = (person: Person): string =>
  factsText([
    ["Person", person.id],
    ["Name", person.name],
    ["Email", person.email],
    ["Role", person.role],
    ["API keys", String(person.apiKeys)],
  ]);
