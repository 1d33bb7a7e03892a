/**
 * What was just handed in: "recording", then "recorded #id" with the seconds in which it can be taken back.
 * It stands outside of the page's content, so it outlives moving on to the next task. Nothing is called recorded before
 * the server has said so.
 */
import { csrfToken } from "./requests.js";

let timer = 0;

function area() {
  return document.querySelector("[data-toast]");
}

function show(...parts) {
  window.clearInterval(timer);
  const toast = document.createElement("div");
  toast.className = "undo-toast";
  toast.append(...parts);
  area()?.replaceChildren(toast);
  return toast;
}

function words(text) {
  const span = document.createElement("span");
  span.textContent = text;
  return span;
}

function link(text, url) {
  const anchor = document.createElement("a");
  anchor.href = url;
  anchor.textContent = text;
  return anchor;
}

/** The person's own key for undoing, where it was changed. */
function undoKey() {
  return JSON.parse(document.documentElement.dataset.keymap ?? "{}").z ?? "z";
}

function undoForm(url) {
  const form = document.createElement("form");
  form.method = "post";
  form.action = url;
  const token = document.createElement("input");
  token.type = "hidden";
  token.name = "csrfmiddlewaretoken";
  token.value = csrfToken();
  const button = document.createElement("button");
  button.className = "button";
  button.dataset.key = undoKey();
  button.dataset.keyLabel = "Undo";
  button.setAttribute("aria-keyshortcuts", button.dataset.key);
  const cap = document.createElement("kbd");
  cap.textContent = button.dataset.key;
  cap.setAttribute("aria-hidden", "true");
  const left = document.createElement("span");
  left.dataset.toastLeft = "";
  left.setAttribute("aria-hidden", "true");
  button.append("Undo ", cap, " ", left);
  form.append(token, button);
  return form;
}

/** Count the seconds down; at the end only the words stay for a moment. */
function countDown(until) {
  const place = area()?.querySelector("[data-toast-left]");
  const tick = () => {
    const seconds = Math.ceil((until - Date.now()) / 1000);
    if (seconds <= 0) {
      window.clearInterval(timer);
      area()?.querySelector("form")?.remove();
      timer = window.setTimeout(() => area()?.replaceChildren(), 4000);
    } else if (place) {
      place.textContent = `${seconds} s`;
    }
  };
  window.clearInterval(timer);
  timer = window.setInterval(tick, 500);
  tick();
}

export function showRecording(name) {
  show(words(`Recording ${name}…`));
}

export function showRecorded({ text, verdict, url, undo_url, seconds }) {
  const parts = [words(text)];
  if (verdict) {
    parts.push(link(`#${verdict}`, url));
  }
  if (undo_url) {
    parts.push(undoForm(undo_url));
  }
  show(...parts);
  // The window is counted from when the answer came: the local clock may be wrong.
  countDown(Date.now() + (undo_url ? seconds * 1000 : 0));
}

export function showFailed(text, name, url) {
  show(words(`Not recorded: ${text}`), link(`Back to ${name}`, url)).classList.add("is-failed");
}

export function clearToast() {
  window.clearInterval(timer);
  area()?.replaceChildren();
}

export function startToast(root) {
  const place = root.querySelector("[data-toast]");
  if (place?.dataset.until) {
    const offset = Date.parse(place.dataset.now) - Date.now();
    countDown(Date.parse(place.dataset.until) - offset);
  }
}
