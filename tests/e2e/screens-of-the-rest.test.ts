import { isOfDevices, testScreens } from "./screen-tests.fixture.ts";

testScreens((name) => !isOfDevices(name));
