import type { ProductName } from "@moult/model";
import { useNavigate } from "@tanstack/react-router";
import { useState, type FormEvent } from "react";
import { QueryField } from "../components/query-field.tsx";
import { queryProblem, type QueryProblem } from "../components/query-problem.ts";
import { useOperation } from "../server/operation-query.ts";
import { useAction } from "../server/use-action.ts";
import { Dialog } from "../ui/dialog.tsx";
import { SelectField, TextField } from "../ui/field.tsx";
import { FormEnd } from "../ui/form-end.tsx";
import { TextLink } from "../ui/text-link.tsx";

/** A name and a product; devices come afterwards, or are those of a query. */
export function CreateGroupDialog({
  onClose,
  query: given = "",
}: {
  readonly onClose: () => void;
  readonly query?: string;
}) {
  const navigate = useNavigate();
  const { data } = useOperation("listProducts");
  const products = data?.items ?? [];
  const [name, setName] = useState("");
  const [chosen, setChosen] = useState<ProductName | null>(null);
  const [query, setQuery] = useState(given);
  const problem = queryProblem(query);
  const product = chosen ?? products[0]?.name;
  const create = useAction("createGroup", {
    refreshes: ["listGroups"],
    onDone: ({ id }) => void navigate({ to: "/groups/$groupId", params: { groupId: id } }),
  });
  const off = reasonOff(name, product, problem);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (off !== undefined || product === undefined || create.isPending) return;
    const asked = query.trim();
    create.mutate({
      body: { name: name.trim(), product, ...(asked === "" ? {} : { query: asked }) },
    });
  };
  return (
    <Dialog isOpen onClose={onClose} title="Create a group">
      {data !== undefined && products.length === 0 ? (
        <p>
          A group is of one product, and there is none yet.{" "}
          <TextLink to="/settings/products">Create a product</TextLink>
        </p>
      ) : (
        <form onSubmit={submit} className="flex flex-col gap-4">
          <TextField
            label="Name"
            value={name}
            onChange={setName}
            maxLength={128}
            autoComplete="off"
            required
          />
          {products.length > 1 && product !== undefined && (
            <SelectField
              label="Product"
              value={product}
              choices={products.map(({ name: value, title }) => ({
                value,
                label: title === "" ? value : `${title} (${value})`,
              }))}
              onChange={setChosen}
            />
          )}
          <QueryField
            label="Query (optional)"
            hint="The group's devices are those of which it is true, always as they are now. Without one you put devices in."
            value={query}
            problem={problem}
            onChange={setQuery}
          />
          <FormEnd sending={create} onCancel={onClose} disabledReason={off}>
            Create the group
          </FormEnd>
        </form>
      )}
    </Dialog>
  );
}

function reasonOff(
  name: string,
  product: ProductName | undefined,
  problem: QueryProblem | null,
): string | undefined {
  if (product === undefined) return "the server has not said which products there are";
  if (name.trim() === "") return "give it a name first";
  return problem === null ? undefined : "the query is not one yet";
}
