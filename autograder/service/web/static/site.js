// Comfort only: every page works without it. Dropping a file, saying what was chosen, and keeping the place of a reader.
"use strict";

const size = (bytes) => (bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1e3))} kB` : `${(bytes / 1e6).toFixed(1)} MB`);

// Whoever chose the wrong file is told before it is sent: over a telephone that takes minutes.
for (const input of document.querySelectorAll("input[data-most]")) {
  const judge = () => {
    const file = input.files[0];
    const large = file && file.size > input.dataset.most;
    input.setCustomValidity(large ? `That is too large: at most ${size(input.dataset.most)} are taken.` : "");
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

// A click is answered at once, and a second one does nothing; the server takes a form's key only once in any case.
for (const form of document.querySelectorAll("form.hand-in")) {
  const button = form.querySelector("button");
  const words = button.textContent;
  form.addEventListener("submit", (event) => {
    if (button.ariaDisabled === "true") event.preventDefault();
    button.ariaDisabled = "true";
    button.textContent = "Uploading …";
  });
  window.addEventListener("pageshow", () => {
    button.ariaDisabled = null;
    button.textContent = words;
  });
}

// The report has come in place of the progress: whoever waited for it begins at its first line.
document.body.addEventListener("htmx:afterSettle", (event) => {
  const heading = event.detail.target?.id === "submission" && document.querySelector("#submission h1");
  if (heading) {
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
  }
});
