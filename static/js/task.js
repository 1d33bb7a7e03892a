/** Start the task page's own parts. */
import { startDrafts } from "./drafts.js";
import { startLease } from "./lease.js";

startDrafts(document);
startLease(document);
