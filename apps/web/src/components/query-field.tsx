import { TextField } from "../ui/field.tsx";
import type { QueryProblem } from "./query-problem.ts";

const EXAMPLE = "inventory.region = eu AND running < 2.0";
/** As the language bounds it. */
const LENGTH_MAX = 2_048;

/** A query over devices; what is wrong with it stands below, with a mark under the place. */
export function QueryField({
  label,
  hint,
  isLabelHidden = false,
  value,
  problem,
  onChange,
}: {
  readonly label: string;
  readonly hint?: string | undefined;
  readonly isLabelHidden?: boolean;
  readonly value: string;
  readonly problem: QueryProblem | null;
  readonly onChange: (text: string) => void;
}) {
  return (
    <div className="flex min-w-0 flex-1 flex-col gap-1">
      <TextField
        label={label}
        hint={hint}
        isLabelHidden={isLabelHidden}
        isMono
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        maxLength={LENGTH_MAX}
        placeholder={EXAMPLE}
        value={value}
        onChange={onChange}
        error={problem?.sentence}
      />
      {problem !== null && <Place text={value} position={problem.position} />}
    </div>
  );
}

/** The sentence says the same to those who do not see it. */
function Place({ text, position }: { readonly text: string; readonly position: number }) {
  return (
    <p aria-hidden className="whitespace-pre-wrap break-words font-mono text-sm">
      {text.slice(0, position)}
      <mark className="bg-transparent font-bold text-bad underline decoration-wavy">
        {position < text.length ? text.slice(position) : "\u2038"}
      </mark>
    </p>
  );
}
