/** Forms: no second submit of the same press, one idempotency key per filling, and errors that take the focus. */
const GUARD_MS = 1000;

function onSubmit(event) {
  const form = event.target;
  const now = event.timeStamp;
  if (form.method === "dialog") {
    return;
  }
  if (form.dataset.sentAt && now - Number(form.dataset.sentAt) < GUARD_MS) {
    event.preventDefault();
    return;
  }
  form.dataset.sentAt = String(now);
  if (!form.hasAttribute("data-downloads")) {
    event.submitter?.setAttribute("aria-busy", "true"); // a download leaves this page as it is
  }
}

/** A page that comes back from the browser's cache must let its forms be sent again. */
function onPageShow() {
  for (const form of document.querySelectorAll("form[data-sent-at]")) {
    delete form.dataset.sentAt;
  }
  for (const button of document.querySelectorAll("[aria-busy=true]")) {
    button.removeAttribute("aria-busy");
  }
}

/** A form that was answered in place can be sent again; what it brought to be looked at first takes the focus. */
function onAnswered(event) {
  const form = event.detail.ctx.sourceElement;
  if (!form?.matches?.("form[hx-post]")) {
    return;
  }
  onPageShow();
  const { response } = event.detail.ctx;
  const failed = form.querySelector("[data-not-sent]");
  if (failed) {
    failed.hidden = Boolean(response);
  }
  if (!response) {
    return;
  }
  if (response.status >= 400) {
    form.submit(); // the server's page says why
    return;
  }
  const first = document.querySelector("[autofocus], [data-focus-first]");
  first?.focus();
  first?.scrollIntoView({ block: "nearest" });
}

export function startForms(root) {
  root.addEventListener("htmx:finally:request", onAnswered);
  root.addEventListener("submit", onSubmit);
  window.addEventListener("pageshow", onPageShow);
  root.querySelector("[data-focus-first]")?.focus();
  root.addEventListener("change", (event) => {
    if (event.target.closest("[data-submit-on-change]")) {
      event.target.form.requestSubmit();
    }
  });
}
