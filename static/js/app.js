/** Start every part that the console's pages share. Each part finds its own elements by `data-` attributes. */
import { startActs } from "./acts.js";
import { startForms } from "./forms.js";
import { startKeymap } from "./keymap.js";
import { startKeys } from "./keys.js";
import { startLists } from "./lists.js";
import { startLive } from "./live.js";
import { startPalette } from "./palette.js";
import { startRequests } from "./requests.js";
import { startRows } from "./rows.js";
import { startTheme } from "./theme.js";
import { startToast } from "./toast.js";

startRequests(document);
startKeys(document);
startRows(document);
startKeymap(document);
startPalette(document);
startForms(document);
startTheme(document);
startToast(document);
startLists(document);
startLive(document);
startActs(document);
