/**
 * The task page. Each part is started for one task and ends with it (`signal`): after a verdict the next task's page,
 * loaded ahead, takes the place of this one without a new document, and everything starts afresh.
 */
import { Ahead } from "./ahead.js";
import { startDrafts } from "./drafts.js";
import { startEvidence } from "./evidence.js";
import { startLease } from "./lease.js";
import { resubscribe } from "./live.js";
import { startMenus } from "./menus.js";
import { startPanes } from "./panes.js";
import { startPresence } from "./presence.js";
import { announce } from "./requests.js";
import { startSources } from "./sources.js";
import { startVerdict } from "./verdict.js";
import { startViewers } from "./viewer.js";

let life = new AbortController();

function mount() {
  const task = document.getElementById("task");
  if (!task) {
    return;
  }
  const { signal } = life;
  const ahead = new Ahead(task, signal);
  startSources(task, signal);
  startViewers(task, signal);
  startEvidence(task, signal);
  startPanes(task, signal);
  startMenus(task, signal);
  startDrafts(task, signal);
  startLease(task, signal);
  startPresence(task, signal);
  startVerdict(task, { ahead, moveOn, signal });
}

/** htmx acts only on elements that carry this document's nonce; these came with another one, from our own server. */
function adoptNonce(root) {
  const nonce = document.querySelector("script[nonce]")?.nonce ?? "";
  for (const element of root.querySelectorAll("[hx-nonce]")) {
    element.setAttribute("hx-nonce", nonce);
  }
}

function moveOn(page, url) {
  life.abort();
  life = new AbortController();
  const main = document.getElementById("main");
  const next = document.adoptNode(page.getElementById("main"));
  adoptNonce(next);
  main.replaceChildren(...next.childNodes);
  window.htmx?.process(main);
  document.title = page.title;
  window.history.pushState({}, "", url);
  window.scrollTo(0, 0);
  mount();
  resubscribe();
  const heading = main.querySelector("h1");
  heading?.focus();
  announce(`Next: ${heading?.textContent ?? ""}`);
}

window.addEventListener("popstate", () => window.location.reload());
mount();
