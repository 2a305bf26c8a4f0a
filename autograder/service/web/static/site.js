// Comfort only: every page works without it. Dropping a file, saying what was chosen, and keeping the place of a reader.
"use strict";

const size = (bytes) => (bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1e3))} kB` : `${(bytes / 1e6).toFixed(1)} MB`);

// Whoever chose the wrong file is told before it is sent: over a telephone that takes minutes.
for (const input of document.querySelectorAll("input[data-most]")) {
  const judge = () => {
    const file = input.files[0];
    const large = file && file.size > input.dataset.most;
    input.setCustomValidity(large ? `File too large: at most ${size(input.dataset.most)} are taken.` : "");
  };
  input.addEventListener("change", judge);
  judge();
}

for (const zone of document.querySelectorAll(".drop")) {
  const input = zone.querySelector("input[type=file]");
  const chosen = zone.querySelector(".chosen");
  const tell = () => {
    const file = input.files[0];
    chosen.textContent = file ? `${file.name}, ${size(file.size)}. ${input.validationMessage}` : "";
  };
  zone.addEventListener("dragover", (event) => {
    event.preventDefault();
    zone.classList.add("over");
  });
  zone.addEventListener("dragleave", () => zone.classList.remove("over"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    zone.classList.remove("over");
    if (event.dataTransfer.files.length) {
      input.files = event.dataTransfer.files;
      input.dispatchEvent(new Event("change"));
    }
  });
  input.addEventListener("change", tell);
  tell();
}

// What is shown once, to be copied, is taken whole.
for (const shown of document.querySelectorAll("[data-copy]")) shown.addEventListener("focus", () => shown.select());

// What takes a while says how far it is. What is not taken is sent again as forms are, so that its page says why: a form's key is
// good for one submission.
const upload = (form, button) => {
  const request = new XMLHttpRequest();
  const plainly = () => form.submit();
  request.open("POST", form.action);
  request.upload.addEventListener("progress", ({ loaded, total }) => {
    button.textContent = `Uploading, ${Math.floor((100 * loaded) / total)} % …`;
  });
  request.addEventListener("load", () => (request.status < 300 ? location.assign(request.responseURL) : plainly()));
  request.addEventListener("error", plainly);
  request.send(new FormData(form));
};

// A click is answered at once, and a second one does nothing; the server takes a form's key only once in any case.
for (const form of document.querySelectorAll("form.hand-in")) {
  const button = form.querySelector("button");
  const words = button.textContent;
  form.addEventListener("submit", (event) => {
    const again = button.ariaDisabled === "true";
    const large = (form.querySelector("input[type=file]")?.files[0]?.size ?? 0) > 200e3;
    if (again || large) event.preventDefault();
    if (again) return;
    button.ariaDisabled = "true";
    button.textContent = "Uploading …";
    if (large) upload(form, button);
  });
  window.addEventListener("pageshow", () => {
    button.ariaDisabled = null;
    button.textContent = words;
  });
}

// Answers are saved where the form says, whichever button was clicked last: htmx would take that button's address.
document.body.addEventListener("htmx:configRequest", (event) => {
  const form = event.detail.elt;
  if (form.matches("form[hx-post]")) event.detail.path = form.getAttribute("hx-post");
});

// Answers that could not be saved say so, and stay where they are: sent now, their form would be lost with its page.
const unsaved = {
  401: "You are signed out. Keep this page open and sign in: nothing you typed is lost.",
};
for (const failed of ["htmx:responseError", "htmx:sendError"]) {
  document.body.addEventListener(failed, (event) => {
    const saved = event.detail.target;
    if (saved?.id !== "saved") return;
    const told = document.createElement("strong");
    told.className = "not-saved away";
    told.textContent = "Not saved.";
    const why = unsaved[event.detail.xhr.status] ?? "The service does not answer just now. Keep this page open: what you type next is saved with all the rest.";
    saved.replaceChildren(told, ` ${why}`);
  });
}
document.body.addEventListener("submit", (event) => {
  if (!event.target.querySelector("#saved .away")) return;
  event.preventDefault();
  htmx.trigger(event.target, "change"); // tries to save: where that works, the next click is let through
});

// The report has come in place of the progress: whoever waited for it begins at its first line.
document.body.addEventListener("htmx:afterSettle", (event) => {
  const heading = event.detail.target?.id === "submission" && document.querySelector("#submission h1");
  if (heading) {
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
  }
});

// The links to the steps of a picture become a player: a slider that says the numbers of its step, and a button that moves it.
const PACE = 350; // milliseconds for a step: slow enough to follow with the eye
const player = (links) => {
  const steps = [...links.querySelectorAll("a")].map((link) => document.getElementById(link.hash.slice(1)));
  const button = Object.assign(document.createElement("button"), { type: "button", className: "quiet small", textContent: "Play" });
  const slider = Object.assign(document.createElement("input"), { type: "range", min: 0, max: steps.length - 1, value: 0, ariaLabel: "Step" });
  const label = document.createElement("label");
  label.append(slider);
  const controls = Object.assign(document.createElement("div"), { className: "player" });
  controls.append(button, label);
  const show = () => {
    for (const [place, step] of steps.entries()) step.classList.toggle("here", place === Number(slider.value));
    slider.ariaValueText = steps[slider.value].querySelector("text").textContent;
  };
  let timer;
  const stop = () => {
    clearInterval(timer);
    timer = undefined;
    button.textContent = "Play";
  };
  const next = () => {
    slider.stepUp();
    show();
    if (slider.value === slider.max || !slider.isConnected) stop();
  };
  slider.addEventListener("input", () => {
    stop();
    show();
  });
  button.addEventListener("click", () => {
    if (timer) return stop();
    if (slider.value === slider.max) slider.value = 0;
    show();
    timer = setInterval(next, PACE);
    button.textContent = "Pause";
  });
  links.replaceWith(controls);
};
const players = () => document.querySelectorAll("details.walk").forEach(player);
document.body.addEventListener("htmx:afterSettle", players);
players();

// A new course begins in the time zone of whoever makes it.
for (const field of document.querySelectorAll("input[data-own-zone]")) {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone && [...field.list.options].some((option) => option.value === zone)) field.value = zone;
}

// Ticked rows of a rubric add up to the points; digits tick them while the form has the focus and nobody types a text.
for (const form of document.querySelectorAll("form.mark-text")) {
  const rows = [...form.querySelectorAll("[data-points]")];
  const points = form.elements.points;
  form.classList.add("scripted");
  form.addEventListener("change", ({ target }) => {
    if (rows.includes(target)) points.value = Math.round(100 * rows.reduce((sum, row) => sum + (row.checked ? Number(row.dataset.points) : 0), 0)) / 100;
  });
  form.addEventListener("keydown", (event) => {
    const row = /^[1-9]$/.test(event.key) && rows[event.key - 1];
    if (row && event.target.type === "checkbox" && !event.ctrlKey && !event.metaKey && !event.altKey) row.click();
  });
}

// Tables are sorted by any column: numbers by size, words as the reader's language orders them, what is empty last.
const collator = new Intl.Collator(undefined, { numeric: true });
const worth = (cell) => (cell?.dataset.sort ?? cell?.textContent ?? "").trim().replace(/^–$/, "");
const compared = (one, other) => {
  if (!one || !other) return one ? -1 : other ? 1 : 0;
  return isNaN(one) || isNaN(other) ? collator.compare(one, other) : one - other;
};
const sorted = (table, column, way) => {
  const rows = [...table.tBodies[0].rows].map((row) => [worth(row.cells[column]), row]);
  rows.sort(([one], [other]) => (one && other ? way : 1) * compared(one, other));
  table.tBodies[0].append(...rows.map(([, row]) => row));
};
const sortable = (table) => {
  for (const head of table.tHead.rows[0].cells) {
    if ("unsorted" in head.dataset) continue;
    const button = Object.assign(document.createElement("button"), { type: "button", className: "sort" });
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const falls = head.ariaSort === "ascending";
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      head.ariaSort = falls ? "descending" : "ascending";
      sorted(table, head.cellIndex, falls ? -1 : 1);
    });
  }
};
document.querySelectorAll("table.sortable").forEach(sortable);

// A list that was replaced while somebody looked stays sorted as they had it.
document.addEventListener("live:replaced", ({ detail }) => {
  for (const [place, table] of [...detail.element.querySelectorAll("table.sortable")].entries()) {
    sortable(table);
    for (const [column, way] of (detail.sorts[place] ?? []).entries()) {
      if (!way) continue;
      table.tHead.rows[0].cells[column].ariaSort = way;
      sorted(table, column, way === "ascending" ? 1 : -1);
    }
  }
});
