import { command } from "../command-line/command.ts";
import { connect } from "../session/connect.ts";
import { PERSON_COLUMNS } from "../show/people-text.ts";
import { printList } from "../show/print-list.ts";

export const peopleList = command({
  options: {},
  example: "moult people list",
  run: async (context) => {
    const client = await connect(context);
    const reply = await client.call("listPeople", {}, { signal: context.signal });
    printList(context, reply, PERSON_COLUMNS, "Nobody has a place here.");
  },
});
