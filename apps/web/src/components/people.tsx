import type { Person } from "@moult/api";
import { useState } from "react";
import { ChangeRoleDialog } from "../forms/change-role-dialog.tsx";
import { ROLE_WORDS } from "../forms/role-words.ts";
import { counted } from "../format/number.ts";
import { plainText } from "../format/visible-text.ts";
import { useOperation } from "../server/operation-query.ts";
import { useAction } from "../server/use-action.ts";
import { Button } from "../ui/button.tsx";
import { Confirm } from "../ui/confirm.tsx";
import { Foreign } from "../ui/foreign.tsx";
import { Answered } from "../ui/panel.tsx";
import { Table, type Column } from "../ui/table.tsx";
import { toast } from "../ui/toasts.tsx";
import { When } from "../ui/when.tsx";

interface Asked {
  readonly act: "change" | "remove";
  readonly person: Person;
}

/** Everybody with a place here; others' roles can be changed, and their places taken. */
export function People() {
  const answer = useOperation("listPeople");
  const [asked, setAsked] = useState<Asked>();
  const close = (): void => setAsked(undefined);
  return (
    <section aria-label="People">
      <Answered answer={answer} what="people">
        {({ items }) => (
          <Table
            caption="People"
            columns={columnsFor(setAsked)}
            rows={items}
            keyOf={({ id }) => id}
          />
        )}
      </Answered>
      {asked?.act === "change" && <ChangeRoleDialog person={asked.person} onClose={close} />}
      {asked?.act === "remove" && <RemovePerson person={asked.person} onClose={close} />}
    </section>
  );
}

const columnsFor = (onAsk: (asked: Asked) => void): readonly Column<Person>[] => [
  {
    key: "name",
    title: "Name",
    isLead: true,
    cell: ({ name, email, isYou }) => (
      <span className="flex min-w-0 flex-wrap gap-x-2">
        <Foreign text={name} />
        {isYou && <span className="text-soft">(you)</span>}
        <span className="w-full text-sm text-soft">
          <Foreign text={email} />
        </span>
      </span>
    ),
  },
  {
    key: "role",
    title: "Role",
    cell: ({ role }) => <span title={ROLE_WORDS[role]}>{role}</span>,
  },
  {
    key: "keys",
    title: "API keys",
    isNumber: true,
    cell: ({ apiKeys }) => (
      <>
        {apiKeys}
        <span className="sm:hidden"> API keys</span>
      </>
    ),
  },
  {
    key: "since",
    title: "Since",
    hidden: "phone",
    cell: ({ createdAt, invitedBy }) => (
      <>
        <When at={createdAt} />
        {invitedBy !== null && (
          <span className="block text-sm text-soft">
            invited by <Foreign text={invitedBy} />
          </span>
        )}
      </>
    ),
  },
  {
    key: "actions",
    title: "",
    name: "Actions",
    isNumber: true,
    cell: (person) => {
      const name = plainText(person.name);
      const disabledReason = person.isYou ? "another administrator has to do it" : undefined;
      return (
        <span className="flex flex-wrap justify-end gap-1">
          <Button
            kind="quiet"
            aria-label={`Change the role of ${name}`}
            disabledReason={disabledReason}
            onClick={() => onAsk({ act: "change", person })}
          >
            Role…
          </Button>
          <Button
            kind="quiet"
            aria-label={`Remove ${name}`}
            disabledReason={disabledReason}
            onClick={() => onAsk({ act: "remove", person })}
          >
            Remove…
          </Button>
        </span>
      );
    },
  },
];

function RemovePerson({
  person,
  onClose,
}: {
  readonly person: Person;
  readonly onClose: () => void;
}) {
  const name = plainText(person.name);
  const remove = useAction("removePerson", {
    refreshes: ["listPeople", "listInvitations", "listApprovers"],
    onDone: () => {
      toast(`${name} was removed`);
      onClose();
    },
  });
  return (
    <Confirm
      isOpen
      onClose={onClose}
      title={`Remove ${name}?`}
      action={`Remove ${name}`}
      isBusy={remove.isPending}
      problem={remove.error}
      onConfirm={() => remove.mutate({ params: { personId: person.id } })}
    >
      <p>
        Sessions of <Foreign text={person.email} /> and {counted(person.apiKeys, "API key")} fail at
        once, and invitations that they made are void. What they did and approved stays.
      </p>
      <p>Keys that sign releases are no part of this: whoever holds some has them still.</p>
    </Confirm>
  );
}
