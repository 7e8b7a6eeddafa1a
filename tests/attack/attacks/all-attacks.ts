import type { Attack } from "../attack.fixture.ts";
import { CONDITION_ATTACKS } from "./conditions.ts";
import { DENIAL_ATTACKS } from "./denials.ts";
import { DOCUMENT_ATTACKS } from "./documents.ts";
import { DOWNLOAD_ATTACKS } from "./downloads.ts";
import { FREEZE_ATTACKS } from "./freezes.ts";
import { INSTRUCTION_ATTACKS } from "./instructions.ts";
import { METADATA_ATTACKS } from "./metadata.ts";
import { ROOT_ATTACKS } from "./roots.ts";
import { SOFTWARE_ATTACKS } from "./software.ts";

export const ALL_ATTACKS: readonly Attack[] = [
  ...SOFTWARE_ATTACKS,
  ...DOWNLOAD_ATTACKS,
  ...CONDITION_ATTACKS,
  ...INSTRUCTION_ATTACKS,
  ...METADATA_ATTACKS,
  ...ROOT_ATTACKS,
  ...DOCUMENT_ATTACKS,
  ...FREEZE_ATTACKS,
  ...DENIAL_ATTACKS,
];
