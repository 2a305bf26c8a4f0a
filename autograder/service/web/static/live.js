// Lists that change: an element with `data-live="5"` and an id is fetched again every five seconds, with its page, and a new one
// takes its place where it differs. Nothing is fetched while nobody looks; nothing is replaced under somebody who types in it.
"use strict";

const LOST = "Connection lost. This page may be out of date; it keeps trying.";
const SIGNED_OUT = "You are signed out, so this page is no longer updated. Sign in again in another tab.";

// --------------------------------------------------------------------------------------------------- a lost connection
const connection = (words) => {
  const shown = document.querySelector(".connection");
  if (shown?.textContent === words || (!shown && !words)) return;
  shown?.remove();
  if (words) document.body.append(Object.assign(document.createElement("p"), { className: "connection", role: "alert", textContent: words }));
};

const PATIENCE = 3000; // milliseconds: streams end from time to time, and begin again at once
let lost;
const back = () => {
  clearTimeout(lost);
  lost = undefined;
  connection("");
};
const away = () => {
  lost ??= setTimeout(() => connection(LOST), PATIENCE);
};
document.body.addEventListener("htmx:sseError", away);
document.body.addEventListener("htmx:sendError", ({ detail }) => detail.target?.id !== "saved" && away());
for (const alive of ["htmx:sseOpen", "htmx:sseMessage", "htmx:sseClose", "htmx:afterOnLoad"]) document.body.addEventListener(alive, back);

// ------------------------------------------------------------------------------------------------------ what is replaced
const served = new WeakMap(); // each live element, as the server wrote it: scripts add buttons, and people open details
const alive = () => [...document.querySelectorAll("[data-live][id]")];
for (const one of alive()) served.set(one, one.outerHTML);

const typed = (field) => {
  if (field.matches("[type=checkbox], [type=radio]")) return field.checked !== field.defaultChecked;
  if (!field.matches("select")) return field.value !== field.defaultValue;
  return field.selectedIndex !== Math.max(0, [...field.options].findIndex((option) => option.defaultSelected));
};
const busy = (one) =>
  document.activeElement.matches("input, select, textarea") && one.contains(document.activeElement)
  || [...one.querySelectorAll("input, select, textarea")].some(typed);

const inside = (one, what) => [...one.querySelectorAll(what)];
const replaced = (old, fresh) => {
  const opened = inside(old, "details").map((details) => details.open);
  const places = inside(old, ".scroll").map((area) => area.scrollLeft);
  const focused = old.contains(document.activeElement) && document.activeElement;
  const alike = (other) => other.textContent === focused.textContent && other.getAttribute("href") === focused.getAttribute("href");
  const sorts = inside(old, "table.sortable").map((table) => [...table.tHead.rows[0].cells].map((head) => head.ariaSort));
  old.replaceWith(fresh);
  htmx.process(fresh);
  document.dispatchEvent(new CustomEvent("live:replaced", { detail: { element: fresh, sorts } }));
  for (const [place, details] of inside(fresh, "details").entries()) if (opened[place]) details.open = true;
  for (const [place, area] of inside(fresh, ".scroll").entries()) area.scrollLeft = places[place] ?? 0;
  if (focused) inside(fresh, focused.tagName).find(alike)?.focus({ preventScroll: true });
};

const take = (page) => {
  for (const old of alive()) {
    const fresh = page.getElementById(old.id);
    if (!fresh || fresh.outerHTML === served.get(old) || busy(old)) continue;
    const adopted = document.adoptNode(fresh);
    served.set(adopted, adopted.outerHTML);
    replaced(old, adopted);
  }
};

// ------------------------------------------------------------------------------------------------------- when it is looked
let waiting, asked;
const look = async () => {
  waiting = undefined;
  if (document.hidden || !alive().length) return;
  asked = new AbortController();
  try {
    const answer = await fetch(location.href, { headers: { "HX-Request": "true" }, signal: asked.signal });
    if (answer.status === 401) return connection(SIGNED_OUT);
    if (!answer.ok) throw new Error(answer.status);
    take(new DOMParser().parseFromString(await answer.text(), "text/html"));
    back();
  } catch (error) {
    if (error.name === "AbortError") return;
    connection(LOST);
  }
  again();
};
const again = () => {
  const soonest = Math.min(...alive().map((one) => Number(one.dataset.live)));
  if (!waiting && Number.isFinite(soonest)) waiting = setTimeout(look, 1000 * soonest);
};
document.addEventListener("visibilitychange", () => !document.hidden && !waiting && look());
addEventListener("pagehide", () => {
  clearTimeout(waiting);
  asked?.abort();
});
addEventListener("pageshow", ({ persisted }) => persisted && look());
again();
