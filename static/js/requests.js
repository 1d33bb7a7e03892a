/** How pages talk to the server outside of plain forms: the CSRF header, and one way to say something aloud. */

export function csrfToken() {
  return document.querySelector('meta[name="csrf-token"]')?.content ?? "";
}

/**
 * POST a form's data and give back `{status, data}`; `data` is null where the answer is not JSON.
 * A network failure is reported as status 0, so that callers have one way to tell "not now".
 */
export async function post(url, body = new FormData()) {
  try {
    const response = await fetch(url, {
      method: "POST",
      body,
      credentials: "same-origin",
      headers: { "X-CSRFToken": csrfToken(), Accept: "application/json" },
    });
    const isJson = (response.headers.get("Content-Type") ?? "").includes("json");
    return { status: response.status, data: isJson ? await response.json() : null };
  } catch {
    return { status: 0, data: null };
  }
}

/**
 * GET a page as a document, null where there is none: parsed without scripts, images or anything else of it being
 * fetched.
 */
export function loadPage(url) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open("GET", url);
    request.responseType = "document";
    request.addEventListener("load", () =>
      resolve(request.status === 200 ? request.responseXML : null),
    );
    request.addEventListener("error", () => resolve(null));
    request.send();
  });
}

/** Put a sentence into the page's one polite live region. */
export function announce(text) {
  const region = document.getElementById("announce");
  if (region) {
    region.textContent = text;
  }
}

/** htmx 4 does not inherit attributes, so the token is added here once instead of by `hx-headers` on the body. */
export function startRequests(root) {
  root.addEventListener("htmx:config:request", (event) => {
    const request = event.detail.ctx.request;
    if (request.method !== "GET") {
      request.headers["X-CSRFToken"] = csrfToken();
    }
  });
  // A part is swapped with the blanks around it, which stay: thousands in a day of hints.
  root.addEventListener("htmx:after:request", (event) => {
    const { ctx } = event.detail;
    ctx.text = ctx.text?.trim();
  });
}
