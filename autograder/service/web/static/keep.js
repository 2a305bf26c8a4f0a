// A session that ended costs nothing: what was chosen or typed stays, here or over the way through the sign-in page.
// Without scripts the server's answer holds the form instead.
"use strict";

const OLDEST = 12 * 3600e3; // ms: what nobody came back for is thrown away
const me = document.body.dataset.user;
const keeping = [...document.querySelectorAll("form[data-keeps]")];

// ------------------------------------------------------------------------------------- forms, kept in this browser
const shelf = (mode, act) =>
  new Promise((resolve, reject) => {
    const opening = indexedDB.open("gradmark-kept", 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore("forms");
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const change = opening.result.transaction("forms", mode);
      const asked = act(change.objectStore("forms"));
      change.oncomplete = () => {
        opening.result.close();
        resolve(asked?.result);
      };
      change.onabort = () => reject(change.error);
    };
  });
const placeOf = (form) => `${me} ${form.getAttribute("action")}`;
const keep = (form) => {
  const fields = [...new FormData(form)].filter(([name]) => !["csrf", "key"].includes(name));
  return shelf("readwrite", (forms) => forms.put({ fields, at: Date.now() }, placeOf(form))).catch(() => {});
};
const forget = (form) => shelf("readwrite", (forms) => forms.delete(placeOf(form))).catch(() => {});
const throwAway = () => indexedDB.deleteDatabase("gradmark-kept");

const fill = (form, fields) => {
  const before = new Map([...form.elements].filter((one) => one.type === "hidden").map((one) => [one.name, one.value]));
  if (fields.some(([name, value]) => name === "digest" && before.get(name) !== value)) return false; // other questions
  for (const one of form.querySelectorAll("[type=checkbox], [type=radio]")) one.checked = false;
  for (const [name, value] of fields) {
    for (const one of form.querySelectorAll(`[name="${CSS.escape(name)}"]`)) {
      if (one.type === "hidden") continue;
      if (one.type === "file") {
        if (!value.name) continue;
        const chosen = new DataTransfer();
        chosen.items.add(value);
        one.files = chosen.files;
        one.dispatchEvent(new Event("change"));
      } else if (["checkbox", "radio"].includes(one.type)) one.checked ||= one.value === value;
      else one.value = value;
      if (value) one.closest("details")?.setAttribute("open", "");
    }
  }
  return true;
};

const tell = (form, words, link) => {
  form.querySelector(".kept")?.remove();
  if (!words) return;
  const told = document.createElement("p");
  told.className = "told kept";
  told.setAttribute("role", "alert");
  told.append(words);
  if (link) {
    const there = Object.assign(document.createElement("a"), { href: `/sign-in?next=${encodeURIComponent(location.pathname)}`, textContent: "Sign in" });
    told.append(" ", there);
  }
  (form.querySelector(".actions:has(> button)") ?? form.lastElementChild).before(told);
  told.scrollIntoView({ block: "nearest" });
};

// ------------------------------------------------------------------------------------------------- who is signed in
const OUT = "You are signed out. Nothing is lost: sign in, here or in another tab, and go on.";
const AGAIN = "You are signed in again. What you chose or typed is still here.";
// "here", "out", "other" (somebody else is signed in) or "away" (the service does not answer)
const whoIsHere = async () => {
  try {
    const answer = await fetch("/session", { cache: "no-store" });
    if (answer.status === 401) return "out";
    if (!answer.ok) return "away";
    const { user, csrf } = await answer.json();
    if (user !== me) return "other";
    for (const field of document.querySelectorAll('input[name="csrf"]')) field.value = csrf;
    document.body.setAttribute("hx-headers", JSON.stringify({ "X-CSRF-Token": csrf }));
    return "here";
  } catch {
    return "away";
  }
};
const OTHER = "Somebody else is signed in on this browser now. Sign out, and sign in as yourself, to send this.";
const signedOut = async (form) => {
  await keep(form);
  tell(form, OUT, true);
};

for (const form of keeping) {
  let known = false; // that the session is there, for the one submit that follows
  form.addEventListener(
    "submit",
    async (event) => {
      if (known || event.defaultPrevented) {
        known = false;
        return;
      }
      event.preventDefault();
      event.stopImmediatePropagation();
      const { submitter } = event;
      const now = await whoIsHere();
      if (now === "out") await signedOut(form);
      else if (now === "other") tell(form, OTHER);
      else {
        known = true; // where the service is away, the browser says so
        tell(form, "");
        form.requestSubmit(submitter);
      }
    },
    true,
  );
}

// Answers that are saved while somebody types: the same, for requests of a part of the page.
document.body.addEventListener("htmx:responseError", async (event) => {
  const form = event.detail.elt?.closest?.("form[data-keeps]");
  if (!form || ![401, 403].includes(event.detail.xhr.status)) return;
  const now = await whoIsHere();
  if (now === "out") await signedOut(form);
  else if (now === "other") tell(form, OTHER);
  else if (now === "here") htmx.trigger(form, "change"); // signed in again in another tab: saved with its token
});

document.body.addEventListener("htmx:afterRequest", (event) => {
  const form = event.detail.elt?.closest?.("form[data-keeps]");
  if (!form?.querySelector(".kept") || !event.detail.successful) return;
  tell(form, ""); // all of it is saved
  forget(form);
});

const lookAgain = async () => {
  const waiting = keeping.filter((form) => form.querySelector(".kept a"));
  if (document.hidden || !waiting.length || (await whoIsHere()) !== "here") return;
  for (const form of waiting) {
    tell(form, AGAIN);
    if (form.hasAttribute("hx-post")) htmx.trigger(form, "change");
    forget(form);
  }
};
for (const event of ["visibilitychange", "focus"]) addEventListener(event, lookAgain, true);

// --------------------------------------------------------------------------------------- back from the sign-in page
const giveBack = async (form) => {
  const kept = await shelf("readonly", (forms) => forms.get(placeOf(form)));
  if (!kept) return;
  await forget(form);
  if (Date.now() - kept.at > OLDEST || !fill(form, kept.fields)) return;
  tell(form, AGAIN);
  if (form.hasAttribute("hx-post")) htmx.trigger(form, "change");
};
if (me) keeping.forEach((form) => giveBack(form).catch(() => {}));
document.querySelector("form.out")?.addEventListener("submit", throwAway);
