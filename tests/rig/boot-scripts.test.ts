import { describeScript } from "./script-cases.fixture.ts";
import { makeGrubMachine, makeUBootMachine } from "./script-machine.fixture.ts";

describeScript("GRUB", makeGrubMachine);
describeScript("U-Boot", makeUBootMachine);
